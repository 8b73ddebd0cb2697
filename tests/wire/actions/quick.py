"""Times cut short for tests of actions that use the cloud: its SDKs stay in this process, so that they are imported
once; calls follow each other as fast as they can; looks come soon."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from core.actions import step
from core.actions.remove import remove
from core.clients.alibaba import connection, errors
from core.clients.alibaba.call import Call
from core.clients.alibaba.sdk import Sdk
from core.clients.alibaba.settings import Settings

SPEED = 12.0
"""Simulated seconds of the cloud in one real second."""
PRODUCTS = ("ess", "ecs", "cs")


class Here:
    """In place of core.clients.alibaba.process.Process: the same SDKs and the same sockets, in threads of this
    process."""

    def __init__(self, settings: Settings, region: str, env: Mapping[str, str], read_timeout: float) -> None:
        self._source = settings.said_by
        self._sdk = Sdk(settings, region, env, read_timeout)

    async def send(self, call: Call) -> object:
        return await self._do(call.product, call.action, self._sdk.send, call)

    async def prepare(self, product: str) -> None:
        await self._do(product, "(start)", self._sdk.prepare, product)

    def renew(self) -> None:
        self._sdk.renew()

    def close(self) -> None:
        return None

    async def _do(self, product: str, action: str, what: Any, about: Any) -> object:
        try:
            return await asyncio.to_thread(what, about)
        except Exception as error:  # whatever an SDK raises
            raise errors.translated(product, action, error, self._source) from None


def cut_short(patch: Any = setattr) -> None:
    """Patch the program by `patch(object, name, value)`."""
    os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
    patch(connection, "Process", Here)
    patch(connection, "READS_PER_SECOND", 100)
    patch(connection, "WRITES_PER_SECOND", 100)
    patch(connection, "THROTTLED_PAUSE", 0.2)
    patch(connection, "FIRST_PAUSE", 0.1)
    patch(connection, "READ_TIMEOUT", 1.0)
    patch(remove, "PACE", remove.Pace(0.1, 0.05, 0.1))
    patch(step, "FIRST_PAUSE", 0.1)
    patch(step, "LONGEST_PAUSE", 0.5)


def import_sdks() -> None:
    """What else each first call of a product would wait for."""
    from importlib import import_module

    for package in ("alibabacloud_ess20140828", "alibabacloud_ecs20140526", "alibabacloud_cs20151215"):
        import_module(f"{package}.client")
        import_module(f"{package}.models")
