"""What comes in: live Kubernetes, metrics, the cloud, and dumps. A feed reads, decodes and hands on; it decides
nothing."""
