"""The answers of the query API (`/api/v1/query`), read without trusting their form.

Source: Prometheus' HTTP API documentation; Thanos, VictoriaMetrics and ARMS answer alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from core.clients.prometheus.errors import PrometheusError, TooMuch
from core.errors import one_line

_HINTS = {
    401: "set VACANCY_PROMETHEUS_TOKEN, or _USER and _PASSWORD",
    403: "this identity may not query it",
    404: "name the address that /api/v1/query comes after",
}
_PASSING = (429, 500, 502, 503, 504)
_TOO_MUCH = ("too many samples", "timed out", "timeout", "exceeded", "limit")
_EXECUTION = ("execution", "timeout", "canceled")


@dataclass(frozen=True, slots=True)
class Vector:
    """Label sets and their values, in the answer's order. `odd`: samples that were no usable number."""

    samples: tuple[tuple[Mapping[str, str], float], ...]
    odd: int = 0


class _Sample(msgspec.Struct, gc=False):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: list[_Sample]


class _Answer(msgspec.Struct):
    status: str
    data: _Data


class _Trouble(msgspec.Struct, rename="camel"):
    error: str = ""
    error_type: str = ""


def vector(place: str, body: bytes) -> Vector:
    """An instant vector. NaN, infinite and negative values are left out: nothing was measured there."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PrometheusError(place, _strange(body), _HINTS[404]) from None
    if answer.status != "success" or answer.data.result_type != "vector":
        raise PrometheusError(place, "it answered with something else than a vector", _HINTS[404])
    usable = []
    for one in answer.data.result:
        try:
            number = float(one.value[1])
        except ValueError:
            continue
        if math.isfinite(number) and number >= 0:
            usable.append((one.metric, number))
    return Vector(tuple(usable), len(answer.data.result) - len(usable))


def _strange(body: bytes) -> str:
    head = body[:200].lstrip().lower()
    what = "a web page" if head.startswith((b"<!doctype", b"<html", b"<")) else "something else than query results"
    return f"it answered with {what}"


def refusal(place: str, status: int, body: bytes) -> PrometheusError:
    """The error of an answer whose status is not 200."""
    try:
        told = msgspec.json.decode(body, type=_Trouble)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = _Trouble()
    text = one_line(told.error, 160)
    heavy = told.error_type in _EXECUTION and any(words in text.lower() for words in _TOO_MUCH)
    if heavy or (status == 503 and told.error_type == "timeout"):
        return TooMuch(place, text or "the query took too long")
    cause = f"{status} {text}".strip() if text else f"it answered {status}"
    if 300 <= status < 400:
        return PrometheusError(place, f"it answered {status}, a redirection", "name the address that it leads to")
    return PrometheusError(place, cause, _HINTS.get(status, ""), passing=status in _PASSING)
