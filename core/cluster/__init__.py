"""The one live state: store and indexes, immutable snapshots with a generation, overlays for what-if."""
