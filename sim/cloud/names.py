"""Ids and times as Alibaba Cloud writes them."""

import random
import string
import uuid
from datetime import UTC, datetime

_LOWER = string.ascii_lowercase + string.digits


class Ids:
    """Makes ids from a seeded source, so that one seed gives one cluster."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def resource(self, prefix: str, length: int = 17) -> str:
        """`i-bp1…`, `asg-bp1…`: the prefix, the cell `bp1` of cn-hangzhou, and a random tail."""
        return f"{prefix}-bp1{self._tail(length)}"

    def hexadecimal(self, length: int) -> str:
        return "".join(self._source.choices("0123456789abcdef", k=length))

    def token(self) -> str:
        """A bootstrap token in kubeadm's form."""
        return f"{self._tail(6)}.{self._tail(16)}"

    def _tail(self, length: int) -> str:
        return "".join(self._source.choices(_LOWER, k=length))


def request_id() -> str:
    """Upper-case UUID; never from the seed, so that two runs of one seed don't share them."""
    return str(uuid.uuid4()).upper()


def to_minute(moment: float) -> str:
    """`2026-01-15T12:00Z`, as ECS and ESS write most times."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%MZ")


def to_second(moment: float) -> str:
    """`2026-01-15T12:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_local(moment: float) -> str:
    """`2026-01-15T20:00:00+08:00`, as CS writes times."""
    return datetime.fromtimestamp(moment + 8 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S+08:00")
