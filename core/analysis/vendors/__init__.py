"""What a vendor's autoscaler does otherwise than upstream's: one module each, and here the choice between them. Which
one runs in the cluster is found in analysis/autoscaler."""

from collections.abc import Mapping

from core.analysis.vendors import ack, cce, goatscaler
from core.analysis.vendors.overlay import Overlay

UPSTREAM = Overlay()
_OVERLAYS: Mapping[str, Overlay] = {overlay.name: overlay for overlay in (ack.OVERLAY, cce.OVERLAY, goatscaler.OVERLAY)}


def overlay_of(name: str) -> Overlay:
    """The overlay of a rule set (`policy.rule_set.overlay`); upstream's rules for an empty name."""
    return _OVERLAYS.get(name, UPSTREAM)
