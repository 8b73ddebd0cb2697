"""Our decisions against the real Cluster Autoscaler's: every field of every case."""

from tests.parity.agreement import Agreement, measure

FIELDS = 18


def test_every_decision_is_the_autoscalers_own() -> None:
    found = measure()
    assert found.differences == []
    assert (found.clusters, found.whole, len(found.all)) == (600, 600, FIELDS), found.table()
    assert sum(found.all.values()) > 80_000


def test_a_difference_is_counted() -> None:
    """The judge itself can say no."""
    found = Agreement(clusters=1, differences=["seed 1 fit: want True got False"])
    found.all["fit"] += 2
    found.equal["fit"] += 1
    assert "50.00 %" in found.table()
