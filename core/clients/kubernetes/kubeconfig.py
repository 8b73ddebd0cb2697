"""Which cluster is meant and who asks: kubeconfig files found and merged by kubectl's rules. Nothing is sent, and no
credential is used (see credentials)."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError, one_line

IN_CLUSTER = "in-cluster"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FILE_KEYS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What the user asked for on the command line; None leaves it to kubectl's rules."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connection leads, for the header: all text, nothing secret."""

    context: str
    cluster: str
    user: str
    server: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """One context with its parts, paths made absolute. `user` is {} for an anonymous context; may hold secrets."""

    context: str
    cluster_name: str
    user_name: str
    cluster: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)
    namespace: str = "default"
    source: str = ""

    @property
    def place(self) -> Place:
        return Place(
            self.context, self.cluster_name, self.user_name, str(self.cluster.get("server", "")), self.namespace
        )


def paths(target: Target) -> list[Path]:
    """The files that kubectl would read: --kubeconfig alone, else $KUBECONFIG's list, else ~/.kube/config."""
    if target.kubeconfig:
        return [Path(target.kubeconfig).expanduser()]
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return listed or [Path.home() / ".kube" / "config"]


def contexts(target: Target) -> tuple[list[str], str | None]:
    """The names of all contexts, in order, and the current one. Raises InputError as `choose` does."""
    merged = _merged(target)
    return list(merged["contexts"]), merged["current-context"]


def choose(target: Target) -> Chosen | None:
    """The context to use; None when there is no kubeconfig and the program runs inside a cluster.

    Raises InputError for a missing or broken file and for unknown names.
    """
    if _in_cluster(target):
        return None
    merged = _merged(target)
    name = target.context or merged["current-context"]
    where = ", ".join(map(str, merged["files"]))
    if not name:
        raise InputError(f"{where}: no current-context; choose one with --context ({_names(merged['contexts'])})")
    context = _entry(merged, "contexts", name, where)
    cluster = _entry(merged, "clusters", str(context.get("cluster") or ""), where)
    user_name = str(context.get("user") or "")
    user = _entry(merged, "users", user_name, where) if user_name else {}
    if not str(cluster.get("server", "")).startswith(("https://", "http://")):
        raise InputError(f"{where}: cluster {context.get('cluster')!r} has no http(s) `server`; add it")
    namespace = target.namespace or str(context.get("namespace") or "default")
    return Chosen(name, str(context["cluster"]), user_name, cluster, user, namespace, where)


def _in_cluster(target: Target) -> bool:
    if target.kubeconfig or target.context or any(path.is_file() for path in paths(target)):
        return False
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").is_file()


def _names(entries: Mapping[str, Any]) -> str:
    return one_line(", ".join(entries) or "there is none", 200)


def _entry(merged: Mapping[str, Any], section: str, name: str, where: str) -> Mapping[str, Any]:
    entries: Mapping[str, Any] = merged[section]
    if name not in entries:
        raise InputError(f"{where}: no {section[:-1]} named {one_line(name, 80)!r}; known: {_names(entries)}")
    entry: Mapping[str, Any] = entries[name]
    return entry


def _merged(target: Target) -> dict[str, Any]:
    """All files as one; of equal names, and of current-context, the first counts (client-go clientcmd loader.go)."""
    merged: dict[str, Any] = {"clusters": {}, "contexts": {}, "users": {}, "current-context": None, "files": []}
    for path in paths(target):
        if not path.exists() and not target.kubeconfig:
            continue
        document = _read(path)
        merged["files"].append(path)
        merged["current-context"] = merged["current-context"] or document.get("current-context") or None
        for section in ("clusters", "contexts", "users"):
            for name, entry in _entries(document, section, path):
                merged[section].setdefault(name, entry)
    if not merged["files"]:
        where = ", ".join(map(str, paths(target)))
        raise InputError(f"no kubeconfig at {where}; pass --kubeconfig, set KUBECONFIG, or read a dump with --from")
    return merged


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; check the path of the kubeconfig") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise InputError(f"{path}: not a kubeconfig: broken YAML{line}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: not a kubeconfig: {'it is empty' if document is None else 'no mapping at its top'}")
    return document


def _entries(document: Mapping[str, Any], section: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = document.get(section) or []
    for item in listed if isinstance(listed, list) else [None]:
        entry = item.get(section[:-1]) if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not isinstance(entry, dict | None):
            raise InputError(
                f"{path}: not a kubeconfig: `{section}` must be a list of entries with name and {section[:-1]}"
            )
        yield item["name"], _absolute(entry or {}, section, path)


def _absolute(entry: dict[str, Any], section: str, path: Path) -> dict[str, Any]:
    """File names in a kubeconfig are relative to that file."""
    folder = path.absolute().parent
    made = {
        key: str(folder / value)
        for key in _FILE_KEYS.get(section, ())
        if isinstance(value := entry.get(key), str) and value
    }
    plugin = entry.get("exec")
    if isinstance(plugin, dict) and isinstance(command := plugin.get("command"), str) and os.sep in command:
        made["exec"] = {**plugin, "command": str(folder / command)}  # type: ignore[assignment]
    return {**entry, **made}
