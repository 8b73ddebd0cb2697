"""A small Cluster Autoscaler for the simulated cluster: it acts like upstream, but proves no verdict about it."""
