"""The Kubernetes face of the simulated cluster: an API server on loopback and the store behind it."""
