"""Pure functions of a snapshot and a policy: no I/O, no clock, no state."""
