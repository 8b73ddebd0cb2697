"""A node is taken out through the door that it came in by."""
