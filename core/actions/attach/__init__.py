"""An existing machine is brought in."""
