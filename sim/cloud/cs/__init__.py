"""CS 2015-12-15 (ACK): clusters, node pools, nodes, attaching, tasks and events."""
