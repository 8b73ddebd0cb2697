"""The living world between cloud and cluster: machines that boot and join, virtual nodes, traffic, an autoscaler."""
