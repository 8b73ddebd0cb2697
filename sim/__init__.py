"""A simulated ACK on loopback: the Kubernetes API and the ESS, ECS and CS OpenAPIs in front of one living cluster."""
