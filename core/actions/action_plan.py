"""An action before it is run, as frozen data: whom it touches, what was found, what it would lead to, its steps. How a
plan is made is in the module of each action; running it is in run."""

import secrets
import time
from enum import StrEnum
from typing import Any

import msgspec


class Level(StrEnum):
    """How much a finding weighs: a refusal forbids the action, a warning is for the person who confirms it."""

    REFUSAL = "refusal"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """Something that the preflight found. `code` is stable, `about` names the object, `text` is one plain sentence.

    `option`: what a person could ask for so that it refuses nothing any more (`force`); "" for nothing."""

    level: Level
    code: str
    about: str
    text: str
    option: str = ""


class TargetNode(msgspec.Struct, frozen=True):
    """A node as it was when the plan was made; another UID later means that it is another node."""

    name: str
    uid: str
    cordoned: bool = False


class LeavingPod(msgspec.Struct, frozen=True):
    """A pod that has to go, that very one (`uid`). `tier` 0 goes before 1; `to` is where it would land, None: nowhere.

    `finished` pods come back nowhere; `loses` names the local volumes that end with it."""

    pod: str
    uid: str
    node: str
    tier: int = 0
    to: str | None = None
    finished: bool = False
    loses: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        return self.pod.partition("/")[0]

    @property
    def name(self) -> str:
        return self.pod.partition("/")[2]


class PlannedStep(msgspec.Struct, frozen=True):
    """One step in words: what is done, and to what."""

    what: str
    about: str = ""


class BudgetUse(msgspec.Struct, frozen=True):
    """What the whole batch takes from one budget. `allowed` None: the budget doesn't say."""

    budget: str
    pods: int
    allowed: int | None


class Effect(msgspec.Struct, frozen=True):
    """What the what-if expects: pod -> node for those that land; those that would wait; those gone for good; how the
    autoscaler would resize groups (name, from, to). `at`: the moment of the data, in seconds since the epoch.

    `eci`: those that land on ECI; all of them cost at least `eci_a_day` there, None where no price is known."""

    lands: dict[str, str] = {}
    waits: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    resizes: tuple[tuple[str, int, int], ...] = ()
    at: float = 0.0
    eci: tuple[str, ...] = ()
    eci_a_day: float | None = None
    currency: str = ""


class Options(msgspec.Struct, frozen=True):
    """How to drain. Times in seconds; `grace_period` None leaves each pod its own.

    `force` lets pods go that nobody starts anew, `delete_local_data` pods whose emptyDir is lost with them."""

    force: bool = False
    delete_local_data: bool = False
    grace_period: int | None = None
    timeout: float = 1800.0
    parallel: int = 4


class ActionPlan(msgspec.Struct, frozen=True):
    """Everything about one action. `irreversible` says in words what nobody can take back; `confirm` is what a person
    types to run it ("" where a plain yes will do). `subject` is what it is about where that isn't `nodes`, `follows`
    the lines of its progress then; `says` are sentences about it that no other field holds. `region` and `cluster` lead
    back to the cloud."""

    id: str
    action: str
    context: str
    server: str
    who: str
    made_at: float
    why: str = ""
    nodes: tuple[TargetNode, ...] = ()
    leaving: tuple[LeavingPod, ...] = ()
    stays: dict[str, int] = {}
    budgets: tuple[BudgetUse, ...] = ()
    findings: tuple[Finding, ...] = ()
    effect: Effect | None = None
    steps: tuple[PlannedStep, ...] = ()
    irreversible: tuple[str, ...] = ()
    confirm: str = ""
    options: Options = Options()
    subject: str = ""
    follows: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    region: str = ""
    cluster: str = ""
    details: dict[str, Any] = {}
    """What only this kind of action has."""

    @property
    def refusals(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.REFUSAL)

    @property
    def offers(self) -> tuple[str, ...]:
        """The options with which it would not be refused; none when something refuses it for good."""
        options = {finding.option for finding in self.refusals}
        return () if "" in options else tuple(sorted(options))


def new_id(now: float) -> str:
    """A name for an action that sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"
