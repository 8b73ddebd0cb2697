"""The bar and the figures, at their edges: unknown, absurd, negative, not a number."""

import math

import pytest

from core.views import format as fmt
from core.views.table import Bar

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("booked", "used", "drawn"),
    [
        (0.60, 0.18, "██░░░░····  60  18"),
        (0.50, 0.71, "█████▒▒···  50  71"),
        (1.04, None, "░░░░░░░░░░ 104   -"),
        (0.0, 0.0, "··········   0   0"),
        (None, 0.21, "██           -  21"),
        (None, None, "             -   -"),
        (0.12, 0.03, "░·········  12   3"),
        (2.5, 3.0, "██████████ 250 300"),
        (0.2, 1.7, "██▒▒▒▒▒▒▒▒  20 170"),
        (1e300, 0.5, "█████░░░░░ >9k  50"),
        (INF, NAN, "░░░░░░░░░░ >9k   -"),
        (-0.5, -INF, "·········· -50 -99"),
    ],
)
def test_bar(booked: float | None, used: float | None, drawn: str) -> None:
    assert fmt.bar_with_figures(Bar(booked, used)) == drawn


@pytest.mark.parametrize("booked", [None, 0.0, 0.049, 0.05, 0.333, 0.999, 1.0, 7.0])
@pytest.mark.parametrize("used", [None, 0.0, 0.049, 0.05, 0.333, 0.999, 1.0, 7.0])
def test_a_bar_is_always_as_wide_as_its_column(booked: float | None, used: float | None) -> None:
    assert len(fmt.bar_with_figures(Bar(booked, used))) == fmt.BAR_WIDTH


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.29, "29"),
        (0.999, "99"),
        (1.0, "100"),
        (0.0099, "0"),
        (99.99, "9999"),
        (100.0, ">9k"),
        (None, "-"),
        (NAN, "-"),
    ],
)
def test_percent_rounds_down_as_kubectl_does(fraction: float | None, text: str) -> None:
    assert fmt.percent(fraction) == text


@pytest.mark.parametrize(
    ("seconds", "short", "longer"),
    [
        (0, "0s", "0s"),
        (59.9, "59s", "59s"),
        (370, "6m", "6m10s"),
        (3600, "1h", "1h"),
        (3601, "1h", "1h"),
        (86399, "23h", "23h59m"),
        (41 * 86400, "41d", "41d"),
        (400 * 86400, "1y", "1y35d"),
        (-5, "0s", "0s"),
        (None, "-", "-"),
        (INF, "-", "-"),
    ],
)
def test_durations(seconds: float | None, short: str, longer: str) -> None:
    assert fmt.age(seconds) == short
    assert fmt.duration(seconds) == longer


@pytest.mark.parametrize(
    ("millicores", "text"),
    [
        (0, "0"),
        (5, "5m"),
        (250, "250m"),
        (100, "100m"),
        (1500, "1.5"),
        (2000, "2"),
        (123456, "123"),
        (None, "-"),
        (INF, ">9M"),
    ],
)
def test_cpu(millicores: float | None, text: str) -> None:
    assert fmt.cpu(millicores) == text


@pytest.mark.parametrize(
    ("in_bytes", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1Ki"),
        (128 * 2**20, "128Mi"),
        (-8 * 2**20, "-8Mi"),
        (1.5 * 2**30, "1.5Gi"),
        (16 * 2**30, "16Gi"),
        pytest.param(10**9999, ">999Ei", id="beyond any float"),
        (INF, ">999Ei"),
        (None, "-"),
    ],
)
def test_size(in_bytes: float | None, text: str) -> None:
    assert fmt.size(in_bytes) == text


def test_words() -> None:
    assert fmt.duration_in_words(3 * 86400 + 5) == "3 days"
    assert fmt.duration_in_words(None) == "an unknown time"
    assert fmt.duration_in_words(1e300)
    assert fmt.size_in_words(1.5 * 2**30) == "1.5 GiB"
    assert fmt.size_in_words(None) == "an unknown size"
    assert fmt.count(1204) == "1,204"
    assert fmt.count(None) == "-"


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "nodes", "0 nodes"),
        (1, "nodes", "1 node"),
        (1, "classes", "1 class"),
        (1, "activities", "1 activity"),
        (1204, "pods", "1,204 pods"),
    ],
)
def test_one_is_singular(number: int, noun: str, text: str) -> None:
    assert fmt.counted(number, noun) == text
