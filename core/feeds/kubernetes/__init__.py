"""What comes in from a Kubernetes API server: every kind of core.kube.kinds listed in pages, then watched."""

from core.feeds.kubernetes.cluster import ClusterFeed, read_once
from core.feeds.kubernetes.kind import KindFeed

__all__ = ["ClusterFeed", "KindFeed", "read_once"]
