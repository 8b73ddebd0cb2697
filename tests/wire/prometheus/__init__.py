"""The Prometheus door and feed: against Debian's real Prometheus, and against servers that misbehave."""
