"""The process in which the SDKs live: it reads orders line by line, sends the calls from a few threads, and writes the
answers back. Importing the SDKs holds the interpreter for up to 300 ms at a stretch where their bytecode is not cached,
and they log, print and leave modules behind: none of that reaches the program, its terminal or its event loop.

Run by `process` only; it ends when its input does.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, BinaryIO

import msgspec

from core.clients.alibaba import errors
from core.clients.alibaba.call import ABOUT_CLOUD, Answer, Order, Start
from core.clients.alibaba.sdk import Sdk

THREADS = 8


def main() -> None:
    """Serve until the input ends."""
    lines, out = os.fdopen(_own(0), "rb"), _Out(os.fdopen(_own(1), "wb"))
    os.close(_own(2))
    account: _Account | None = None
    threads = ThreadPoolExecutor(THREADS)
    for line in lines:
        match msgspec.json.decode(line, type=Start | Order):
            case Start() as start:
                account = _Account(start, out)
            case Order(call=None, prepare="") if account is not None:
                account.sdk.renew()
            case Order() as order if account is not None:
                threads.submit(account.carry_out, order)
    os._exit(0)  # whatever still hangs in a call


def _own(number: int) -> int:
    """A standard stream for ourselves alone, under a new number; whoever else uses it gets and says nothing."""
    mine, nothing = os.dup(number), os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, number)
    os.close(nothing)
    return mine


class _Out:
    """Where answers go, a whole line at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._writing = stream, Lock()

    def write(self, line: bytes) -> None:
        with self._writing:
            self._stream.write(line + b"\n")
            self._stream.flush()


class _Account:
    """The SDKs' clients for one account."""

    def __init__(self, start: Start, out: _Out) -> None:
        for name in [name for name in os.environ if name.startswith(ABOUT_CLOUD)]:
            del os.environ[name]
        os.environ.update(start.env)
        self.sdk = Sdk(start.settings, start.region, os.environ, start.read_timeout)
        self._source, self._out = start.settings.said_by, out

    def carry_out(self, order: Order) -> None:
        """Do it and answer."""
        product = order.call.product if order.call is not None else order.prepare
        action = order.call.action if order.call is not None else "(start)"
        try:
            line = msgspec.json.encode(Answer(order.id, self._done(order)), enc_hook=str)
        except Exception as error:  # whatever an SDK raises has no common base, and its text must not get out
            found = errors.translated(product, action, error, self._source)
            line = msgspec.json.encode(Answer(order.id, failure=errors.to_failure(found)))
        self._out.write(line)

    def _done(self, order: Order) -> Any:
        return self.sdk.send(order.call) if order.call is not None else self.sdk.prepare(order.prepare)
