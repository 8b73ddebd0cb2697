"""The screens about what could be put right: headlines above, rows below, one row in full."""

from textual.widgets import Static

from core.analysis.checks import Finding
from core.analysis.rightsizing import rightsize
from core.views import checks, eci, rightsizing
from core.views.table import TableChange, ViewKey
from tests.tui.conftest import Start
from tests.unit.audits.test_rightsizing import cluster, vpa, web
from tests.unit.serverless.small import audited, on_eci, planned
from tui.screens.decisions import ChecksScreen, RightsizingScreen
from tui.screens.eci import EciScreen


async def test_the_eci_screen_shows_sums_and_opens_an_owner(start: Start) -> None:
    pods = [on_eci("shop/old", owner_name="old"), on_eci("pay/young", days=1, owner_name="young")]
    view = eci.view(planned(*pods), audited(*pods), ViewKey("eci"), 1)
    async with start(size=(160, 30)) as stage:
        await stage.press("5")
        assert isinstance(stage.app.screen, EciScreen)
        await stage.send(view)
        assert stage.names() == ["old", "young"]
        head = str(stage.screen.query_one(".-headlines", Static).render())
        assert "2 pods of 2 owners, 1 overdue, 643.97 CNY a month" in head
        assert any("shop/old" in line and "overdue" in line for line in stage.lines())
        await stage.press("enter")
        assert stage.link.subscribed[-1] == ViewKey("eci-owner", "StatefulSet shop/old")
        await stage.press("escape")
        await stage.press("b")
        assert stage.link.subscribed[-1] == ViewKey("eci", group_by="namespace")


async def test_the_checks_screen_says_what_is_wrong_and_what_to_do(start: Start) -> None:
    finding = Finding("VPA not Off", "VerticalPodAutoscaler", "shop/cart", "updateMode Auto", "set updateMode to Off")
    view = checks.view(planned().snapshot, [finding], ViewKey("checks"), 1)
    async with start(size=(160, 30)) as stage:
        await stage.press("6")
        assert isinstance(stage.app.screen, ChecksScreen)
        await stage.send(view)
        line = next(line for line in stage.lines() if "shop/cart" in line)
        assert "VPA not Off" in line
        assert "set updateMode to Off" in line
        assert "1 finding on 1 object" in str(stage.screen.query_one(".-headlines", Static).render())
        later = TableChange(ViewKey("checks"), 1, 2, view.as_of, notes=("nothing any more",))
        await stage.send(later)
        assert "nothing any more" in str(stage.screen.query_one(".-headlines", Static).render())
        assert "nothing any more" not in stage.below


async def test_the_rightsizing_screen_shows_what_would_be_freed(start: Start) -> None:
    plan = cluster(web("x"), vpa("200m"))
    async with start(size=(200, 30)) as stage:
        await stage.press("7")
        assert isinstance(stage.app.screen, RightsizingScreen)
        await stage.send(rightsizing.view(plan, rightsize(plan), ViewKey("rightsizing"), 1))
        line = next(line for line in stage.lines() if "default/web" in line)
        assert "200m" in line
        assert "its VPA" in line
