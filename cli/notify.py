"""`vacancy notify`: tell owners about their pods on ECI, one digest each, by the routes of notify.toml."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from cli import acting, output
from cli.reading import ProgressLine
from cli.where import where
from core.views.text import sanitise

if TYPE_CHECKING:
    from core.views.link import PlanAction

EXAMPLES = """examples:
  vacancy notify --dry-run              every digest as it would be sent, and by which route; nothing is sent
  vacancy notify --write                the same, asked for confirmation, and sent
  vacancy notify --write --yes risk     one owner: a team, a namespace ("namespace shop"), or KIND/NAMESPACE/NAME

notify.toml, in the configuration folder (chmod 600):
  default = "platform"                  the route of owners who have no other
  [routes]                              channels as apprise writes them, or where they are kept
  platform = "slack://TOKENA/TOKENB/TOKENC/#capacity"
  risk = ["dingtalk://SECRET@TOKEN", "env:RISK_WEBHOOK", "file:/run/secrets/risk-mail"]
  [teams]                               team or namespace -> route
  recommendation = "platform"

The annotation vacancy/notify of an owner or a namespace names its route. Nobody is told twice within a day, and a
message whose answer was lost isn't sent again either; --again does.
"""


def fill(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.description = "Tell owners what they have on ECI, what it costs and what to do about it."
    parser.epilog = EXAMPLES
    parser.add_argument("owners", nargs="*", metavar="OWNER", help="default: everybody who has something to do")
    parser.add_argument("--again", action="store_true", help="also who was told within the day")
    parser.add_argument("--routes", default="", metavar="FILE", help="in place of notify.toml")
    parser.add_argument("--limit", default="3d", metavar="SPAN", help="how long pods may stay on ECI (3d)")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="of --dry-run (text)")
    acting.add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Tell them, or print what they would be told."""
    from core.views.link import PlanAction

    wish = {"again": args.again, "routes": args.routes, "limit": args.limit}
    asked = PlanAction("", "notify", tuple(args.owners), why=args.why, args=wish)
    if args.dry_run and args.output == "text":
        return asyncio.run(_print(args, asked))
    return acting.run(args, asked)


async def _print(args: argparse.Namespace, asked: "PlanAction") -> int:
    from core.session import acting as session
    from core.views import action_plan, eci_digest

    source, bar = where(args), ProgressLine()
    async with session.acting(source) as actor:
        try:
            plan = await session.plan_action(actor, source, asked, bar.show)
        finally:
            bar.clear()
    told = (*eci_digest.digests(plan), *[text for text, _ in action_plan.sentences(plan)][len(plan.says) :])
    output.write("".join(f"{sanitise(line)}\n" for line in told))
    return acting.REFUSED if plan.refusals else 0
