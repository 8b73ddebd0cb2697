"""What the command join-script asks for: what is set, what a script is worth, a mended or a new one. Setting it and
making tokens are actions (acting)."""

from dataclasses import dataclass
from typing import Any

import msgspec

from core.actions.attach import join_trust
from core.actions.registered import join_token, registered
from core.analysis.join_script.block import Added, add
from core.analysis.join_script.generate import NOT_SERVED, generate
from core.analysis.join_script.lint import Finding, Report, Weight, lint
from core.clients.kubernetes import NotFound, Reader
from core.errors import InputError, VacancyError
from core.feeds import join_script
from core.session.acting import acting
from core.session.reading import read
from core.where import Where


@dataclass(frozen=True)
class Looked:
    """A script, by a name fit for a screen. `tokens`: what the cluster says of its join tokens."""

    place: str
    report: Report
    tokens: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Set:
    """What is set. `registered` False: there is no such setting in this cluster. `was`, `by`: the address before, and
    the action that changed it."""

    registered: bool
    address: str = ""
    was: str = ""
    by: str = ""


async def setting(where: Where) -> Set:
    """As the cluster says. Raises VacancyError."""
    async with acting(where) as actor:
        config = await registered.agent_config(actor.clients.reader)
    if config is None:
        return Set(False)
    was = join_script.shown(config.was) if config.was else ""
    return Set(True, join_script.shown(config.script) if config.script else "", was, config.by)


async def look(where: Where, place: str, tokens: bool = False) -> Looked:
    """The script at an address or in a file; without a place, the one that is set. `tokens`: whether the cluster knows
    its join tokens, and how long. Raises VacancyError."""
    found = place or await _set(where)
    report = lint(await join_script.read(found))
    about: tuple[Finding, ...] = ()
    if tokens:
        async with acting(where) as actor:
            about = tuple([await _token(actor.clients.reader, name, actor.clock.now()) for name in report.tokens])
    name = join_script.shown(found) if join_script.is_address(found) else found
    return Looked(name, report, about)


async def _set(where: Where) -> str:
    """The address that is set. Raises InputError where none is."""
    async with acting(where) as actor:
        config = await registered.agent_config(actor.clients.reader)
    if config is None:
        raise InputError("this is no registered cluster (no kube-system/ack-agent-config); name a file or an address")
    if not config.script:
        raise InputError(f"{registered.KEY} is not set: name a file or address, or set it with join-script set URL")
    return config.script


async def _token(reader: Reader, name: str, now: float) -> Finding:
    """What the cluster says of a join token."""
    try:
        body = await reader.get(f"{join_trust.SECRETS}/bootstrap-token-{name}")
    except NotFound:
        return Finding(Weight.ERROR, "TokenGone", 0, f"join token {name} is not in the cluster: machines can't join")
    except VacancyError as error:
        return Finding(Weight.NOTE, "TokenUnread", 0, f"join token {name}: {error}")
    token = join_trust.token_of(name, msgspec.json.decode(body, type=dict[str, Any]))
    if token.expires is None:
        return Finding(Weight.NOTE, "TokenLasts", 0, f"join token {name} does not expire")
    if token.expires <= now:
        return Finding(Weight.ERROR, "TokenOver", 0, f"join token {name} has expired: machines can't join")
    text = f"join token {name} expires in {(token.expires - now) / 3600:.0f} h, and machines can't join after that"
    return Finding(Weight.WARNING, "TokenExpires", 0, f"{text}: kubeadm token create --ttl 0")


async def mended(place: str) -> Added:
    """The script at a place with what it lacks. Raises VacancyError."""
    return add(await join_script.read(place))


async def made(where: Where, runtime: str, server: str) -> str:
    """A new script for this cluster, with a placeholder where the join token belongs. Raises VacancyError."""
    reading = await read(where)
    trust = join_trust.Trust(0)
    if where.dump is None:
        async with acting(where) as actor:
            trust = await join_trust.read(actor.clients.reader)
            server = server or join_token.server_of(actor.clients.reader, trust)
    return generate(join_token.recipe_of(reading.snapshot, trust, runtime, server))


__all__ = ["NOT_SERVED", "Added", "Looked", "Set", "look", "made", "mended", "setting"]
