"""The process that sends one message with apprise. Apprise says only yes or no, and takes any 200 for yes: so what the
channel really answered is noted on the way, as it passes requests and smtplib.

Run by `channel` only."""

import os
import smtplib
from collections.abc import Sequence
from typing import Any

import msgspec

from core.clients.notification.channel import Answer, Message, Outcome, scheme

_CODES = {"feishu": ("code", "StatusCode"), "lark": ("code", "StatusCode")}
_CODE = ("errcode",)
"""Where Feishu, and DingTalk and WeCom, say in a 200 that they refuse; 0 is yes. Elsewhere a `code` means anything."""


def main() -> None:
    """One message on standard input, its answer on standard output."""
    words, out = os.fdopen(_own(0), "rb"), os.fdopen(_own(1), "wb")
    os.close(_own(2))
    answer = deliver(msgspec.json.decode(words.read(), type=Message))
    out.write(msgspec.json.encode(answer))
    out.flush()
    os._exit(0)  # whatever a library still does


def _own(number: int) -> int:
    """A standard stream for ourselves alone, under a new number; whoever else uses it gets and says nothing."""
    mine, nothing = os.dup(number), os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, number)
    os.close(nothing)
    return mine


def deliver(message: Message) -> Answer:
    """Send it. What libraries raise has no common base, and its text may hold the URL."""
    import apprise

    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True)
    try:
        plugin: Any = apprise.Apprise.instantiate(message.url, asset=asset)
    except Exception:
        plugin = None
    if plugin is None:
        return Answer(Outcome.REFUSED, "apprise knows no channel of this URL")
    if message.check:
        return Answer(Outcome.SENT)
    plugin.retry = 0  # a lost answer must not be sent again
    plugin.overflow_mode = apprise.OverflowMode.TRUNCATE
    plugin.socket_connect_timeout = plugin.socket_read_timeout = message.timeout
    seen: list[Answer] = []
    _note_http(seen, _CODES.get(scheme(message.url), _CODE))
    _note_mail(seen, message.timeout)
    try:
        sent = bool(plugin.notify(body=message.body, title=message.title, body_format=apprise.NotifyFormat.TEXT))
    except Exception as error:
        return _weightiest(seen) or Answer(Outcome.LOST, f"the library failed: {type(error).__name__}")
    worst = _weightiest(seen)
    if worst is not None and worst.outcome is not Outcome.SENT:
        return worst
    return Answer(Outcome.SENT) if sent else worst or Answer(Outcome.REFUSED, "the library made no message of it")


def _weightiest(seen: list[Answer]) -> Answer | None:
    """What counts of several answers: a refusal among them, a loss before all else."""
    order = (Outcome.SENT, Outcome.REFUSED, Outcome.LOST)
    return max(seen, key=lambda one: order.index(one.outcome), default=None)


def _note_http(seen: list[Answer], codes: Sequence[str]) -> None:
    import requests

    send = requests.Session.send

    def noted(self: Any, request: Any, **options: Any) -> Any:
        try:
            response = send(self, request, **options)
        except requests.RequestException as error:
            seen.append(_of_error(error))
            raise
        seen.append(_of_response(response, codes))
        return response

    requests.Session.send = noted  # type: ignore[method-assign]


def _of_error(error: Exception) -> Answer:
    """Whether it may have arrived: only a connection that never was is a sure no."""
    import requests

    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Answer(Outcome.REFUSED, "nobody took the connection in time")
    if isinstance(error, requests.exceptions.SSLError):
        return Answer(Outcome.REFUSED, "its certificate is not trusted")
    if isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error):
        return Answer(Outcome.REFUSED, "the connection was refused, or its name is not known")
    if isinstance(error, requests.exceptions.Timeout):
        return Answer(Outcome.LOST, "no answer in time")
    return Answer(Outcome.LOST, "the connection broke before an answer")


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import NewConnectionError, ProxyError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ProxyError)


def _of_response(response: Any, codes: Sequence[str]) -> Answer:
    status = int(response.status_code)
    if status >= 500:
        return Answer(Outcome.LOST, f"HTTP {status}")
    if not 200 <= status < 300:
        return Answer(Outcome.REFUSED, f"HTTP {status}")
    try:
        body = msgspec.json.decode(response.content or b"", type=dict[str, Any])
    except msgspec.MsgspecError:
        return Answer(Outcome.SENT)
    code = next((body[name] for name in codes if isinstance(body.get(name), int)), 0)
    return Answer(Outcome.REFUSED, f"it answers with code {code}") if code else Answer(Outcome.SENT)


def _note_mail(seen: list[Answer], timeout: float) -> None:
    """Whether a mail server took it. Its timeout is the socket's, for answers as well."""
    submit, connect = smtplib.SMTP.sendmail, smtplib.SMTP.connect

    def connected(self: Any, *words: Any, **options: Any) -> Any:
        try:
            found = connect(self, *words, **options)
        except (OSError, smtplib.SMTPException):
            seen.append(Answer(Outcome.REFUSED, "the mail server doesn't answer"))
            raise
        self.sock.settimeout(timeout)
        return found

    def noted(self: Any, *words: Any, **options: Any) -> Any:
        try:
            refused = submit(self, *words, **options)
        except smtplib.SMTPResponseException as error:
            seen.append(Answer(Outcome.REFUSED, f"the mail server answers {error.smtp_code}"))
            raise
        except smtplib.SMTPRecipientsRefused:
            seen.append(Answer(Outcome.REFUSED, "the mail server refuses its recipients"))
            raise
        except (OSError, smtplib.SMTPException):
            seen.append(Answer(Outcome.LOST, "the mail server's answer was lost"))
            raise
        told = Answer(Outcome.SENT, "some recipients were refused") if refused else Answer(Outcome.SENT)
        seen.append(told)
        return refused

    smtplib.SMTP.connect = connected  # type: ignore[method-assign]
    smtplib.SMTP.sendmail = noted  # type: ignore[method-assign]
