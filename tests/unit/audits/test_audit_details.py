"""One finding, and one container's size, in full; and HPAs in place of findings."""

from core.analysis.checks import Finding
from core.analysis.rightsizing import rightsize
from core.views import audit_details, checks
from core.views.table import ViewKey
from tests.unit.audits.test_checks import aim, hpa
from tests.unit.audits.test_rightsizing import cluster, past, remembering, usage, vpa, web
from tests.unit.serverless.small import planned

FOUND = Finding("VPA not Off", "VerticalPodAutoscaler", "default/web", "it evicts", "set updateMode to Off")


def test_a_finding_beside_the_hpas_of_its_workload() -> None:
    objects = (hpa("web"), hpa("other", 2, aim(name="web"), currentReplicas=4), hpa("far", 2, aim(name="far")))
    snapshot = planned(*objects).snapshot
    view = audit_details.finding(snapshot, [FOUND], ViewKey("check", checks.identity(FOUND)), 1)
    assert view is not None
    assert [fact.value.text for fact in view.facts] == ["VPA not Off", "it evicts", "set updateMode to Off"]
    assert [row.id for row in view.tables[0].rows] == ["default/web", "default/other"]
    assert audit_details.finding(snapshot, [], ViewKey("check", "x"), 1) is None


def test_hpas_in_place_of_findings() -> None:
    snapshot = planned(hpa("web", currentReplicas=3)).snapshot
    view = checks.view(snapshot, [FOUND], ViewKey("checks", group_by="HPAs"), 7)
    assert (view.key.group_by, view.noun, view.generation) == ("HPAs", "HPAs", 7)
    assert [cell.text for cell in view.rows[0].cells] == ["default/web", "Deployment default/web", "2", "9", "3", "-"]
    assert view.notes == ("1 HPA: 0 would have another number of pods than there are; 1 without a figure to go by",)
    assert "HPAs" in checks.view(snapshot, [FOUND], ViewKey("checks"), 1).group_choices


def test_where_each_figure_of_a_container_is_known_from() -> None:
    plan = remembering(cluster(web("web-0"), usage("web-0", "100m"), vpa("400m")), past(250, 512 * 2**20, hours=50))
    key = ViewKey("sizing", "StatefulSet default/web: c")
    view = audit_details.sizing(plan, rightsize(plan), key, 1)
    assert view is not None
    facts = {fact.label: fact.value.text for fact in view.facts}
    assert facts["CPU"] == (
        "one pod books 1, the busiest uses 100m now, p95 of 2d2h is 250m, its VPA says 400m; "
        "better 400m: as its VPA says"
    )
    assert facts["Memory"].endswith("the most of 2d2h is 512Mi, its VPA says 1Gi; better 1Gi: as its VPA says")
    assert facts["Patch"].startswith("kubectl patch statefulsets.apps web --namespace default --type strategic -p '{")
    assert [cell.text for cell in view.tables[0].rows[0].cells] == ["default/web-0", "a", "100m", "100Mi"]
    assert audit_details.sizing(plan, rightsize(plan), ViewKey("sizing", "x"), 1) is None


def test_a_container_of_which_nothing_is_known() -> None:
    plan = cluster(web("web-0"))
    view = audit_details.sizing(plan, rightsize(plan), ViewKey("sizing", "StatefulSet default/web: c"), 1)
    assert view is not None
    texts = [fact.value.text for fact in view.facts]
    assert texts == [f"one pod books {size}; nothing tells what it needs" for size in ("1", "2Gi")]
