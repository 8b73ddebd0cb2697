"""What a screen or a command shows: frozen rows, columns, plain-text formatting. Plain data, no terminal."""
