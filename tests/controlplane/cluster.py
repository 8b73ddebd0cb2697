"""The launcher: one control plane on loopback, from start to teardown, and the ways to break it that tests need.

Command lines are in `components.py`, permissions in `identities.py`, contents in `world.py`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3

from tests.controlplane import identities
from tests.controlplane.api import Api, ApiError, Credentials
from tests.controlplane.build import missing, program
from tests.controlplane.components import Layout, Ports, commands
from tests.controlplane.etcd import Etcd
from tests.controlplane.kinds import Json
from tests.controlplane.pki import Authority, write_service_account_keys
from tests.controlplane.processes import Guard, Program, StartError, free_ports, wait_until

_START_SECONDS = 60
_EXPIRING_SECONDS = 120
_REFRESH_SECONDS = 15
_CLIENTS = ("kube-controller-manager", "kube-scheduler", "kwok", "metrics-server")


class Cluster:
    """A running control plane; use as a context manager, or call `start` and `close`.

    `kubeconfig` holds the contexts named in `identities.CONTEXTS`. `start` raises StartError naming the program that
    did not come up and the end of its log.
    """

    def __init__(self) -> None:
        if absent := missing():
            raise StartError(f"not built: {', '.join(absent)}; run `python -m tests.controlplane build`")
        self.folder = Path(tempfile.mkdtemp(prefix="vacancy-controlplane-"))
        self.startup_seconds = 0.0
        self._guard = Guard(self.folder)
        self._closed = False
        self._apis: dict[str, Api] = {}
        self._etcd: Etcd | None = None
        self._authority = Authority(self.folder, "ca")
        self._pairs = identities.certificates(self._authority)
        self.layout = self._make_layout()
        self.server = f"https://127.0.0.1:{self.layout.ports.apiserver}"
        self.kubeconfig = self.folder / "kubeconfig"
        self.account: identities.Account | None = None
        self._write_kubeconfig(self.layout.kubeconfig, {identities.ADMIN: self._user(identities.ADMIN)})
        self._programs = {
            name: Program(name, command, self.folder / f"{name}.log", self._guard.group, self.folder)
            for name, command in commands(self.layout).items()
        }

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # life

    def start(self) -> None:
        """Start everything and wait until each part answers, metrics.k8s.io and all identities included."""
        began = time.monotonic()
        self._programs["etcd"].start()
        self.start_apiserver()
        self._start_clients()
        self.account = identities.grant(self.api(), self.layout)
        self._add_metrics_service()
        self._write_contexts()
        self._wait_clients()
        self.startup_seconds = time.monotonic() - began

    def close(self) -> None:
        """End every program and remove the folder; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for api in self._apis.values():
            api.close()
        if self._etcd is not None:
            self._etcd.close()
        for running in self._programs.values():
            running.stop(kill=True)
        self._guard.close()

    # use

    def api(self, context: str = identities.ADMIN) -> Api:
        """A client with that context's certificate (`EXPIRING`, `REFRESHING`: with a fresh token of ten minutes)."""
        if context not in self._apis:
            credentials = Credentials(self._pairs.get(context))
            if context in (identities.EXPIRING, identities.REFRESHING):
                credentials = Credentials(token=self._robot().token(600))
            self._apis[context] = Api(self.server, self.layout.authority, credentials)
        return self._apis[context]

    def etcd(self) -> Etcd:
        """etcd itself, for what the API does not offer."""
        if self._etcd is None:
            server = f"https://127.0.0.1:{self.layout.ports.etcd}"
            admin = Credentials(self._pairs[identities.ADMIN])
            self._etcd = Etcd(Api(server, self.layout.authority, admin))
        return self._etcd

    def kubectl(self, *arguments: str, context: str = identities.ADMIN, check: bool = True) -> str:
        """kubectl's standard output; RuntimeError with its standard error when it fails (unless not `check`)."""
        command = [str(program("kubectl")), f"--kubeconfig={self.kubeconfig}", f"--context={context}", *arguments]
        environment = {**os.environ, "KUBECACHEDIR": str(self.folder / "kubectl-cache")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if check else done.stdout + done.stderr

    def expiring_kubeconfig(self, seconds: float) -> Path:
        """A kubeconfig of its own, as on-call, whose fixed token ends after `seconds` (up to 10 s more by cache)."""
        path = self.folder / f"kubeconfig-expiring-{time.monotonic_ns()}"
        return self._write_kubeconfig(path, {identities.EXPIRING: {"token": self._robot().token(seconds)}})

    def refreshing_kubeconfig(self, seconds: float) -> Path:
        """A kubeconfig of its own, as on-call, whose exec plugin hands out tokens of `seconds`."""
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="exec-"))
        user = identities.exec_user(folder, self._robot(), seconds)
        return self._write_kubeconfig(folder / "kubeconfig", {identities.REFRESHING: user})

    # failures

    def program(self, name: str) -> Program:
        """One of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, metrics-server."""
        return self._programs[name]

    @property
    def process_group(self) -> int:
        """The group in which all programs run, and nothing else but their guard."""
        return self._guard.group

    def pids(self) -> dict[str, int]:
        """Process ids of what runs."""
        return {name: running.pid for name, running in self._programs.items() if running.pid is not None}

    def stop_apiserver(self, kill: bool = True) -> None:
        """End it; by default at once (SIGKILL: every connection breaks), else in its own slow, graceful way."""
        self._programs["kube-apiserver"].stop(kill=kill, seconds=90)

    def start_apiserver(self) -> None:
        """Start it again on the same port and wait until it is ready."""
        self._programs["kube-apiserver"].start()
        self._wait_ready("kube-apiserver", self._apiserver_ready)

    def restart_apiserver(self, kill: bool = True) -> None:
        self.stop_apiserver(kill=kill)
        self.start_apiserver()

    @contextmanager
    def offline(self) -> Iterator[Etcd]:
        """Only etcd runs within the block, to be written to in batches; all is up again and ready after it."""
        for name in (*_CLIENTS, "kube-apiserver"):
            self._programs[name].stop(kill=True)
        try:
            yield self.etcd()
        finally:
            self.etcd().remove_all("Lease", "kube-node-lease")  # else the new kwok waits until the old one's expire
            self.start_apiserver()
            self._start_clients()
            self._wait_clients()

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """The program is gone within the block and starts again after it (without waiting until it is ready)."""
        self._programs[name].stop(kill=True)
        try:
            yield
        finally:
            self._programs[name].start()

    @contextmanager
    def paused(self, name: str = "kube-apiserver") -> Iterator[None]:
        """The program is frozen within the block: its connections stay open and fall silent."""
        self._programs[name].pause()
        try:
            yield
        finally:
            self._programs[name].resume()

    # inside

    def _start_clients(self) -> None:
        for name in _CLIENTS:
            self._programs[name].start()

    def _wait_clients(self) -> None:
        ports = self.layout.ports
        for name, port, path in (
            ("kube-controller-manager", ports.controller_manager, "/healthz"),
            ("kube-scheduler", ports.scheduler, "/readyz"),
            ("kwok", ports.kwok, "/healthz"),
        ):
            self._wait_ready(name, partial(self._answers, port, path))
        self._wait_ready("metrics-server", self._metrics_available)

    def _make_layout(self) -> Layout:
        front = Authority(self.folder, "front-proxy-ca")
        names = ("localhost", "kubernetes", "kubernetes.default.svc", "metrics-server.kube-system.svc")
        return Layout(
            folder=self.folder,
            ports=Ports(*free_ports(7)),
            authority=self._authority.path,
            front_proxy_authority=front.path,
            server=self._authority.issue("server", "controlplane", names=names),
            admin=self._pairs[identities.ADMIN],
            front_proxy=front.issue("front-proxy-client", "front-proxy-client"),
            service_accounts=write_service_account_keys(self.folder),
            kubeconfig=self.folder / "kubeconfig-programs",
        )

    def _user(self, context: str) -> Json:
        return identities.certificate_user(self._pairs[context])

    def _robot(self) -> identities.Account:
        if self.account is None:
            raise StartError("the control plane is not started")
        return self.account

    def _write_contexts(self) -> None:
        users = {name: self._user(name) for name in identities.CONTEXTS if name in self._pairs}
        users[identities.EXPIRING] = {"token": self._robot().token(_EXPIRING_SECONDS)}
        users[identities.REFRESHING] = identities.exec_user(self.folder, self._robot(), _REFRESH_SECONDS)
        self._write_kubeconfig(self.kubeconfig, users)

    def _write_kubeconfig(self, path: Path, users: dict[str, Json]) -> Path:
        current = next(iter(users)) if len(users) == 1 else identities.ON_CALL
        return identities.write_kubeconfig(path, self.server, self.layout.authority, users, current)

    def _wait_ready(self, name: str, ready: Callable[[], bool]) -> None:
        running = self._programs[name]

        def probe() -> bool:
            self._programs["etcd"].check()
            running.check()
            return ready()

        try:
            wait_until(probe, _START_SECONDS, f"{name} ready")
        except TimeoutError as error:
            raise StartError(f"{error}; {running.tail()}") from error

    def _apiserver_ready(self) -> bool:
        return self._answers(self.layout.ports.apiserver, "/readyz")

    def _answers(self, port: int, path: str) -> bool:
        with suppress(ApiError, urllib3.exceptions.HTTPError):
            admin = Credentials(self._pairs[identities.ADMIN])
            probe = Api(f"https://127.0.0.1:{port}", self.layout.authority, admin, seconds=5)
            try:
                probe.request("GET", path)
            finally:
                probe.close()
            return True
        return False

    def _metrics_available(self) -> bool:
        status = self.api().get("APIService", "v1beta1.metrics.k8s.io").get("status", {})
        return any(c["type"] == "Available" and c["status"] == "True" for c in status.get("conditions", []))

    def _add_metrics_service(self) -> None:
        """Route metrics.k8s.io to the process: an ExternalName service is what reaches outside the cluster."""
        name, namespace = "metrics-server", "kube-system"
        service = {"type": "ExternalName", "externalName": "localhost"}
        self.api().ensure(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": service,
            }
        )
        spec = {
            "service": {"name": name, "namespace": namespace, "port": self.layout.ports.metrics_server},
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        }
        registration = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": spec}
        self.api().ensure({**registration, "metadata": {"name": "v1beta1.metrics.k8s.io"}})
