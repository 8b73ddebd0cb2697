"""The async core of vacancy: what a cluster books and uses, and what may be done about it. Knows no terminal."""
