"""Scripted clusters: what stands in the cloud and in Kubernetes when the simulator starts, all from one seed."""
