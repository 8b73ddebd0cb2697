"""What holds whoever is armed: the largest batch, contexts and pools that are never touched; and which contexts arm by
themselves. Set in `guards.toml` of the user's configuration directory; without it only the batch is limited."""

import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from core.actions.action_plan import Finding, Level
from core.errors import InputError
from core.kube.node import Node

MAX_NODES = 10


class Guards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`max_nodes` at once; `never_contexts` and `never_pools` are names or patterns such as `prod-*`, and so are
    `armed_contexts`, which need no --write."""

    max_nodes: int = MAX_NODES
    never_contexts: tuple[str, ...] = ()
    never_pools: tuple[str, ...] = ()
    armed_contexts: tuple[str, ...] = ()


def load(path: Path | None = None) -> Guards:
    """The user's guards. Raises InputError for a file that can't be read: a guard that is misread would be none."""
    import platformdirs

    file = path or Path(platformdirs.user_config_dir("vacancy", appauthor=False)) / "guards.toml"
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text())
        return msgspec.convert(found, Guards)
    except FileNotFoundError:
        return Guards()
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise InputError(f"{file}: {error}; correct it, nothing is changed meanwhile") from None


def arms(guards: Guards, context: str) -> bool:
    """Whether this context needs no --write; one that is never to be touched always stays read-only."""
    return bool(_matching(guards.armed_contexts, context)) and not _matching(guards.never_contexts, context)


def judge(guards: Guards, context: str, nodes: Iterable[Node]) -> Iterator[Finding]:
    """Refusals by these guards."""
    targets = list(nodes)
    if len(targets) > guards.max_nodes:
        text = f"{len(targets)} nodes at once, and the guard allows {guards.max_nodes} (max_nodes, --max-nodes)"
        yield Finding(Level.REFUSAL, "TooManyNodes", "", text)
    if pattern := _matching(guards.never_contexts, context):
        text = f"guards.toml says never to touch contexts like {pattern}"
        yield Finding(Level.REFUSAL, "GuardedContext", context, text)
    for node in targets:
        if pattern := _matching(guards.never_pools, node.pool):
            text = f"guards.toml says never to touch pools like {pattern}"
            yield Finding(Level.REFUSAL, "GuardedPool", node.name, text)
        if node.virtual:
            yield Finding(Level.REFUSAL, "VirtualNode", node.name, "a virtual node is no machine to act on")


def _matching(patterns: Iterable[str], name: str) -> str | None:
    return next((pattern for pattern in patterns if name and fnmatchcase(name, pattern)), None)
