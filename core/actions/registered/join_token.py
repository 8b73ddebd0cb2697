"""Making a whole join script: a bootstrap token that does not expire, and the file that holds it. The token's secret is
in the file and in the cluster, and nowhere else: plan and journal know its id alone."""

import asyncio
import base64
import contextlib
import os
import re
import secrets
import string
from pathlib import Path
from typing import Any

import msgspec

from core.actions import access, guards
from core.actions.access import Permission
from core.actions.action_plan import ActionPlan, Finding, Level, PlannedStep
from core.actions.attach import join_trust
from core.actions.cloud import Cloud
from core.actions.journal_reading import Entry
from core.actions.run import CLOSED, UNDONE, Run
from core.actions.situation import Asked, Situation
from core.actions.step import Step, walk
from core.analysis.join_script.generate import NOT_SERVED, Recipe, generate, recipe
from core.clients.kubernetes import NotFound, Reader
from core.cluster.snapshot import Snapshot
from core.errors import InputError, Refused

PERMISSIONS = tuple(Permission(verb, "secrets", "kube-system") for verb in ("get", "create"))
GROUP = "system:bootstrappers:kubeadm:default-node-token"
MADE_BY = "vacancy/action"
_LETTERS = string.ascii_lowercase + string.digits


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`runtime` and `server` ("host:port") "": as the cluster says."""

    runtime: str = ""
    server: str = ""


class Details(msgspec.Struct, frozen=True):
    """`id` is the public half of the token."""

    id: str
    file: str
    recipe: Recipe


async def plan(situation: Situation, asked: Asked) -> ActionPlan:
    """Into the one target, a file that isn't there yet. Raises InputError, and VacancyError when the cluster can't say
    what a script needs."""
    args = asked.args_as(Args)
    if len(asked.targets) != 1:
        raise InputError("name one file")
    file, in_the_way = await asyncio.to_thread(_place, asked.targets[0])
    place = situation.reader.place
    trust = await join_trust.read(situation.reader)
    made = recipe_of(situation.snapshot, trust, args.runtime, args.server or server_of(situation.reader, trust))
    findings = list(guards.judge(situation.guards, place.context, []))
    if in_the_way:
        findings.append(Finding(Level.REFUSAL, "File", str(file), in_the_way))
    if not made.ca_hash:
        text = "the cluster's CA could not be read (kube-public/cluster-info): machines would trust any server there"
        findings.append(Finding(Level.WARNING, "NoCaHash", "", text))
    if situation.writer is not None:
        findings += await access.lacking(situation.writer, PERMISSIONS)
    findings += [Finding(Level.NOTE, "NotServed", "", text) for text in NOT_SERVED]
    details = Details(_random(6), str(file), made)
    return ActionPlan(
        **situation.header(asked.action, asked.why),
        subject=f"join script {file}",
        follows=(str(file),),
        says=(
            f"a script for Kubernetes {made.kubernetes} and {made.runtime} {made.runtime_version}".rstrip(),
            f"join token {details.id} does not expire: who reads the file can join machines, until you delete it",
        ),
        findings=tuple(findings),
        steps=(PlannedStep("write", str(file)), PlannedStep("create", f"bootstrap-token-{details.id}")),
        details=msgspec.to_builtins(details),
    )


def server_of(reader: Reader, trust: join_trust.Trust) -> str:
    """Where machines find the API server: as cluster-info says, else as this program found it."""
    return join_trust.server_of(trust.kubeconfig) or reader.place.server


def recipe_of(snapshot: Snapshot, trust: join_trust.Trust, runtime: str, server: str) -> Recipe:
    """By the cluster's nodes and the CA of its cluster-info. Raises InputError."""
    address = server.removeprefix("https://").removeprefix("http://").rstrip("/")
    ca = join_trust.ca_of(trust.kubeconfig)
    return recipe(snapshot.nodes.values(), address, ca_hash(ca) if ca else "", runtime)


def ca_hash(pem: str) -> str:
    """The hash of a CA's public key, as kubeadm join takes it; "" for what is no certificate."""
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        return f"sha256:{hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"
    except ValueError:
        return ""


async def go(run: Run) -> None:
    """The file first: a token that nobody has written down would be lost."""
    details = _details(run.plan)
    file = Path(details.file)

    async def written() -> bool:
        return bool(await asyncio.to_thread(_token_in, file, details.id))

    async def write() -> None:
        text = generate(details.recipe, f"{details.id}.{_random(16)}")
        await asyncio.to_thread(_write, file, text)

    async def created() -> bool:
        return await _secret(run.reader, details.id) is not None

    async def create() -> None:
        token = await asyncio.to_thread(_token_in, file, details.id)
        if not token:
            raise Refused(f"{file}: it does not hold token {details.id} any more")
        await run.writer.create(join_trust.SECRETS, _body(run.plan, token))

    steps = (
        Step("write", details.file, written, write, patience=30),
        Step("create", f"bootstrap-token-{details.id}", created, create, patience=60),
    )
    await walk(run, steps, f"{file} is written, with token {details.id}, which does not expire", details.file)


async def resume(run: Run, entry: Entry) -> None:
    """The token that the file holds is created, if it is not there."""
    await go(run)


async def undo(run: Run, entry: Entry) -> None:
    """Token and file are taken away, if they are this action's."""
    details = _details(run.plan)
    found = await _secret(run.reader, details.id)
    if found is not None and _made_by(found) == run.plan.id:
        path, uid = f"{join_trust.SECRETS}/bootstrap-token-{details.id}", str(found["metadata"].get("uid"))

        async def delete() -> None:
            with contextlib.suppress(NotFound):
                await run.writer.delete(path, uid=uid)

        await run.effect("delete", f"bootstrap-token-{details.id}", delete, always=True)
    if await asyncio.to_thread(_token_in, Path(details.file), details.id):

        async def remove() -> None:
            await asyncio.to_thread(Path(details.file).unlink, missing_ok=True)

        await run.effect("remove", details.file, remove, always=True)
    await run.end(UNDONE, "the token and the file are gone")


async def close(run: Run) -> None:
    """There is no claim to give up."""
    await run.end(CLOSED, "nothing was changed; what was done stays done")


async def compare(entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
    """What there is of the two."""
    assert entry.plan is not None
    details = _details(entry.plan)
    held = "holds" if await asyncio.to_thread(_token_in, Path(details.file), details.id) else "does not hold"
    there = "is" if await _secret(reader, details.id) is not None else "is not"
    return [f"{details.file} {held} token {details.id}", f"bootstrap-token-{details.id} {there} in the cluster"]


def _details(made: ActionPlan) -> Details:
    try:
        return msgspec.convert(made.details, Details)
    except msgspec.ValidationError as error:
        raise InputError(f"action {made.id}: its plan can't be read ({error})") from None


def _place(name: str) -> tuple[Path, str]:
    """The file that is meant, and why it can't be written, or ""."""
    file = Path(name).expanduser().absolute()
    if file.exists() or file.is_symlink():
        return file, "it is there already; choose another name"
    return file, "" if file.parent.is_dir() else f"there is no folder {file.parent}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _token_in(file: Path, name: str) -> str:
    """The token of this id that the file holds, or ""."""
    try:
        found = re.search(rf"\b{name}\.[a-z0-9]{{16}}\b", file.read_text(errors="replace"))
    except OSError:
        return ""
    return found[0] if found else ""


def _write(file: Path, text: str) -> None:
    """All of it or nothing, for its owner alone. Raises Refused when there is a file by now."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            os.link(beside, file)
        finally:
            beside.unlink()
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or error}") from None


async def _secret(reader: Reader, name: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(
            await reader.get(f"{join_trust.SECRETS}/bootstrap-token-{name}"), type=dict[str, Any]
        )
    except NotFound:
        return None


def _made_by(secret: dict[str, Any]) -> str:
    return str(((secret.get("metadata") or {}).get("annotations") or {}).get(MADE_BY) or "")


def _body(made: ActionPlan, token: str) -> dict[str, Any]:
    """A bootstrap token as kubeadm makes it with --ttl 0."""
    name, _, secret = token.partition(".")
    texts = {
        "token-id": name,
        "token-secret": secret,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": GROUP,
        "description": f"join script of vacancy, action {made.id}",
    }
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    meta = {"name": f"bootstrap-token-{name}", "namespace": "kube-system", "annotations": {MADE_BY: made.id}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "bootstrap.kubernetes.io/token",
        "metadata": meta,
        "data": data,
    }
