"""A channel as this program sees it: each message is sent by a process of its own (helper), which can be ended in time
and whose library neither logs nor prints where a secret could be read."""

import asyncio
import contextlib
import json
import sys
from enum import StrEnum

import msgspec

DEADLINE = 30.0
"""Seconds until a message that nobody answered is given up."""
_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from core.clients.notification import helper
helper.main()"""
"""With our own module path, so that it finds the same packages from any folder."""


class Outcome(StrEnum):
    """What became of a message: delivered; not delivered, for sure; or nobody knows."""

    SENT = "sent"
    REFUSED = "refused"
    LOST = "lost"


class Message(msgspec.Struct, frozen=True):
    """`url` is apprise's, and a secret. `body` is plain text. `timeout` in seconds, for connecting and for an answer
    each. `check`: only say whether the channel is one at all."""

    url: str
    title: str = ""
    body: str = ""
    timeout: float = 10.0
    check: bool = False


class Answer(msgspec.Struct, frozen=True):
    """`text` says why, and holds nothing of the channel's URL."""

    outcome: Outcome
    text: str = ""


async def send(message: Message, deadline: float = DEADLINE) -> Answer:
    """Send it, once. Raises nothing: every failure is an answer."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROGRAM,
            json.dumps(sys.path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # keys pressed in the terminal are not for it
        )
    except OSError as error:
        return Answer(Outcome.REFUSED, f"no process can be started: {error.strerror}")
    try:
        out, _ = await asyncio.wait_for(process.communicate(msgspec.json.encode(message)), deadline)
        return msgspec.json.decode(out, type=Answer)
    except TimeoutError:
        return Answer(Outcome.LOST, f"no answer within {deadline:.0f} s")
    except msgspec.MsgspecError:
        return Answer(Outcome.LOST, "the process that sends it ended without a word")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def check(url: str) -> str:
    """Why this can't be a channel; "" when it can."""
    answer = await send(Message(url, check=True))
    return "" if answer.outcome is Outcome.SENT else answer.text


def scheme(url: str) -> str:
    """What kind of channel it is, such as `dingtalk`: the only part of a URL that may be shown."""
    found, separator, _ = url.partition("://")
    return found[:20] if separator and found.isalnum() else "?"
