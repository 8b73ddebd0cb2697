"""Which nodes the autoscaler could take away, which it would take now, and what holds the others."""
