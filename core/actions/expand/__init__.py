"""A group is made larger."""
