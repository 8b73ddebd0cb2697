"""The headless twins of the screens, and the program's entry point."""
