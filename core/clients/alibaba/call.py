"""What is asked of Alibaba Cloud, as plain data that crosses a pipe: the two forms of a call, and the lines that this
program and its helper process write to each other. How a call is sent is in sdk, the process in helper."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.clients.alibaba.settings import Settings


class Typed(msgspec.Struct, frozen=True, tag=True):
    """A call that the SDK has a method for: `describe_instances` with DescribeInstancesRequest(**fields). A field that
    is a structure, or a list of them, is given as plain maps of the model's own names: `{"tag": [{"key": …}]}`.
    `path` are the leading arguments of the ACK API (the cluster's id)."""

    product: str
    method: str
    fields: Mapping[str, Any] = {}
    path: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        return "".join(word.capitalize() for word in self.method.split("_"))


class Generic(msgspec.Struct, frozen=True, tag=True):
    """A call through `call_api`: for what the SDK has no method for, or would send wrongly. The wire's names."""

    product: str
    action: str
    version: str
    query: Mapping[str, Any] = {}
    verb: str = "POST"
    pathname: str = "/"
    body: Any = None
    """JSON, for the ACK API only."""


Call = Typed | Generic

ABOUT_CLOUD = ("ALIBABA_CLOUD_", "ALICLOUD_", "VACANCY_")
"""What the names of an environment's variables about the cloud begin with."""


class Start(msgspec.Struct, frozen=True, tag=True):
    """The first line to the helper, and the first for another account: whose it is, the environment's variables about
    it, and how long a server may be silent (seconds)."""

    settings: Settings
    region: str
    env: Mapping[str, str]
    read_timeout: float


class Order(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """A line to the helper: a call to send, or a product whose SDK to get ready; with neither, read the credentials
    again, which is not answered."""

    id: int
    call: Call | None = None
    prepare: str = ""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A CloudError on its way through the pipe: its class, and its fields."""

    kind: str
    product: str
    action: str
    cause: str
    hint: str = ""
    code: str = ""
    status: int = 0
    retry_after: float | None = None
    request_id: str = ""
    permission: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line from the helper. A `body` of None is an answer that is not of the action's shape."""

    id: int
    body: Any = None
    failure: Failure | None = None
