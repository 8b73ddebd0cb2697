"""The generated cluster behind an HTTPS port on loopback, in a process of its own so that its work isn't counted:
pages are made and gzipped before it says that it is ready. What is served is made in cluster_generator.

    python -m tests.bench.cluster_server NODES PODS EVENTS_PER_SECOND FOLDER
"""

import asyncio
import contextlib
import gzip
import itertools
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from aiohttp import web

from tests.bench.cluster_generator import Cluster, Size, fingerprint

EVENTS = 5_000
"""Different watch events; they are repeated."""


@dataclass(frozen=True)
class Served:
    """A running server: its kubeconfig and the hash of what it serves."""

    kubeconfig: str
    fingerprint: str
    bytes: int
    """Of all pages, unpacked."""


@contextlib.contextmanager
def serving(size: Size, events_per_second: int = 0) -> Iterator[Served]:
    """Start the server in a child process; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="vacancy-bench-") as folder:
        command = [sys.executable, "-m", "tests.bench.cluster_server"]
        arguments = [str(size.nodes), str(size.pods), str(events_per_second), folder]
        child = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None
            ready = child.stdout.readline().split()
            if len(ready) != 4:
                raise RuntimeError("the server of the bench did not start")
            _, port, digest, total = ready
            yield Served(_write_kubeconfig(Path(folder), int(port)), digest, int(total))
        finally:
            child.terminate()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _write_kubeconfig(folder: Path, port: int) -> str:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": "cert.pem"}
    document = {
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": cluster}],
        "users": [{"name": "bench", "user": {"token": "bench"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def write_certificate(folder: Path) -> None:
    """A key and a self-signed certificate for 127.0.0.1, as key.pem and cert.pem."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True)
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


class Server:
    """Answers with the pages, and sends events to whoever watches pods."""

    def __init__(self, size: Size, events_per_second: int) -> None:
        cluster = Cluster(size)
        self.total = 0
        self._pages = {"nodes": self._pack(cluster.node_pages()), "pods": self._pack(cluster.pod_pages())}
        self._events = list(cluster.pod_events(EVENTS)) if events_per_second else []
        self._rate = events_per_second
        self._size = size
        self.fingerprint = fingerprint(self._pages["nodes"] + self._pages["pods"])

    def _pack(self, pages: Iterator[bytes]) -> list[bytes]:
        packed = []
        for page in pages:
            self.total += len(page)
            packed.append(gzip.compress(page, 1))
        return packed

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A page, a watch, or 404 for every other kind."""
        plural = request.path.rpartition("/")[2]
        if request.path not in ("/api/v1/nodes", "/api/v1/pods"):
            return web.json_response({"kind": "Status", "code": 404, "message": "not served"}, status=404)
        if "watch" in request.query:
            with contextlib.suppress(ConnectionError):  # the client went away
                await self._watch(request, plural)
            return web.Response()
        start = int(request.query.get("continue", "-0").rpartition("-")[2])
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return web.Response(body=self._pages[plural][start // self._size.page], headers=headers)

    async def _watch(self, request: web.Request, plural: str) -> None:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if plural != "pods" or not self._rate:
            await asyncio.sleep(3600)
        events = itertools.cycle(self._events)
        began, sent = time.monotonic(), 0
        while True:
            while sent < (time.monotonic() - began) * self._rate:
                await response.write(next(events))  # each event is a chunk of its own, as the API server sends them
                sent += 1
            await asyncio.sleep(0.0005)


async def _serve(size: Size, events_per_second: int, folder: Path) -> None:
    server = Server(size, events_per_second)
    write_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print("ready", runner.addresses[0][1], server.fingerprint, server.total, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    nodes, pods, rate = map(int, sys.argv[1:4])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Size(nodes, pods), rate, Path(sys.argv[4])))
