"""Writing to a Kubernetes API server: create, patch, delete, evict. Only core.actions is given one; it is absent when
the program is read-only."""

from contextvars import ContextVar
from typing import Any

from core.clients.kubernetes import errors
from core.clients.kubernetes.connection import Connection, query_of

STRATEGIC_MERGE = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id under which the API server's audit log has the last change that this task sent."""


class Writer:
    """Requests that change something. Each is sent once: whether to try again is the caller's decision. `dry_run` lets
    the server check everything and store nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(self, path: str, body: dict[str, Any], dry_run: bool = False) -> bytes:
        """POST to a collection."""
        return await self._change("POST", path, body, dry_run)

    async def patch(
        self, path: str, body: dict[str, Any] | list[Any], content_type: str = MERGE, dry_run: bool = False
    ) -> bytes:
        """PATCH an object or one of its subresources."""
        return await self._change("PATCH", path, body, dry_run, content_type)

    async def delete(
        self, path: str, grace_period: int | None = None, uid: str | None = None, dry_run: bool = False
    ) -> bytes:
        """DELETE an object; with `uid` only that very one (409 otherwise). `grace_period` in seconds."""
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        return await self._change("DELETE", path, options, dry_run)

    async def evict(
        self, namespace: str, pod: str, grace_period: int | None = None, uid: str | None = None, dry_run: bool = False
    ) -> bytes:
        """Ask for a pod to leave (policy/v1 Eviction). Raises Throttled when a PodDisruptionBudget forbids it now,
        NotFound when the pod has gone."""
        options: dict[str, Any] = {}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": options,
        }
        return await self._change("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", body, dry_run)

    async def _change(
        self, method: str, path: str, body: Any, dry_run: bool, content_type: str = "application/json"
    ) -> bytes:
        import aiohttp

        query = query_of(
            {"dryRun": "All" if dry_run else None, "fieldManager": "vacancy" if method != "DELETE" else None}
        )
        answer = await self._connection.send(method, path, query, body=body, content_type=content_type)
        request_id.set(answer.headers.get("Audit-Id", ""))
        try:
            return await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise errors.from_exception(self._connection.place.server, error) from None
        finally:
            answer.release()
