"""Builds the control plane's programs from the Go modules pinned under `programs/` into a cache outside the checkout.

Knows nothing of how the programs are started (`components.py`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
CACHE_VARIABLE = "VACANCY_CONTROLPLANE_CACHE"
KWOK_MODULE = "sigs.k8s.io/kwok"
KWOK_MANIFESTS = (
    "kustomize/stage/node/fast/node-initialize.yaml",
    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "kustomize/stage/pod/fast/pod-ready.yaml",
    "kustomize/stage/pod/fast/pod-complete.yaml",
    "kustomize/stage/pod/fast/pod-delete.yaml",
    "kustomize/metrics/resource/metrics-resource.yaml",
    "kustomize/metrics/usage/usage-from-annotation.yaml",
)


@dataclass(frozen=True)
class Group:
    """One go.mod: the module that gives the version, the packages built from it, and where the version is stamped."""

    name: str
    module: str
    packages: dict[str, str]
    stamps: dict[str, str] = field(default_factory=dict)
    """Variable name -> template over `version` (v1.2.3), `major`, `minor`."""


_BASE = "k8s.io/component-base/version"
GROUPS = (
    Group("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Group(
        "kubernetes",
        "k8s.io/kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        {
            f"{_BASE}.gitVersion": "{version}",
            f"{_BASE}.gitMajor": "{major}",
            f"{_BASE}.gitMinor": "{minor}",
            f"{_BASE}.gitTreeState": "clean",
        },
    ),
    Group("kwok", KWOK_MODULE, {"kwok": f"{KWOK_MODULE}/cmd/kwok"}, {f"{KWOK_MODULE}/pkg/consts.Version": "{version}"}),
    Group(
        "metrics-server",
        "sigs.k8s.io/metrics-server",
        {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
        {"sigs.k8s.io/metrics-server/pkg/version.gitVersion": "{version}"},
    ),
)


class BuildError(RuntimeError):
    """A program could not be built; the message says which and why."""


def cache_root() -> Path:
    """The folder of all builds: `VACANCY_CONTROLPLANE_CACHE`, else under the XDG cache folder."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "vacancy" / "controlplane"


def version_key() -> str:
    """Names the build: a hash of what decides it (every go.mod and go.sum, packages and stamps)."""
    digest = hashlib.sha256(repr((GROUPS, KWOK_MANIFESTS)).encode())
    for path in sorted(PROGRAMS.glob("*/go.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def folder() -> Path:
    return cache_root() / version_key()


def program(name: str) -> Path:
    return folder() / "bin" / name


def kwok_manifests() -> list[Path]:
    return [folder() / "kwok" / Path(name).name for name in KWOK_MANIFESTS]


def missing() -> list[str]:
    """Names of programs and manifests that are not in the cache."""
    wanted = [program(name) for group in GROUPS for name in group.packages] + kwok_manifests()
    return [path.name for path in wanted if not path.exists()]


def module_version(group: Group) -> str:
    """The pinned version, read from the group's go.mod (`v1.2.3`)."""
    for line in (PROGRAMS / group.name / "go.mod").read_text().splitlines():
        words = line.removeprefix("require ").split()
        if len(words) >= 2 and words[0] == group.module:
            return words[1]
    raise BuildError(f"{group.name}/go.mod does not require {group.module}")


def versions() -> dict[str, str]:
    return {group.name: module_version(group) for group in GROUPS}


def build() -> list[str]:
    """Build what is missing; returns one line for each part that failed (and keeps the rest).

    Safe against a second build at the same time: the other waits for the lock, then finds all there.
    """
    if not missing():
        return []
    if shutil.which("go") is None:
        raise BuildError("go is not on PATH: install Go (1.26.4 or newer), or set " + CACHE_VARIABLE)
    with _lock(cache_root() / "build.lock"):
        failures = [line for group in GROUPS for line in _build_group(group)]
        return failures + _copy_manifests()


def _build_group(group: Group) -> Iterator[str]:
    for name, package in group.packages.items():
        if program(name).exists():
            continue
        started = time.monotonic()
        _say(f"building {name} {module_version(group)} ...")
        try:
            _go_build(group, name, package)
            _say(f"  {name} took {time.monotonic() - started:.0f} s")
        except BuildError as error:
            yield str(error)


def _go_build(group: Group, name: str, package: str) -> None:
    target = program(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{name}.{os.getpid()}")
    _go(group, "build", "-trimpath", "-ldflags", _link_flags(group), "-o", str(fresh), package)
    fresh.replace(target)


def _link_flags(group: Group) -> str:
    version = module_version(group)
    major, minor = version.removeprefix("v").split(".")[:2]
    stamps = [
        f"-X {key}={text.format(version=version, major=major, minor=minor)}" for key, text in group.stamps.items()
    ]
    return " ".join(["-s", "-w", *stamps])


def _copy_manifests() -> list[str]:
    """kwok's own stages and metrics, as its module ships them."""
    if all(path.exists() for path in kwok_manifests()):
        return []
    group = next(group for group in GROUPS if group.name == "kwok")
    try:
        source = Path(_go(group, "list", "-m", "-f", "{{.Dir}}", KWOK_MODULE).strip())
    except BuildError as error:
        return [str(error)]
    for name, target in zip(KWOK_MANIFESTS, kwok_manifests(), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())
    return []


def _go(group: Group, *arguments: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=PROGRAMS / group.name, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise BuildError(f"{group.name} {module_version(group)}: go {arguments[0]} failed: {last}")
    return done.stdout


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
