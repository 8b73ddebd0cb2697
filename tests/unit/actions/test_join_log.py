"""Which line of a join's log is told, and that it tells no secret."""

import pytest

from core.actions.attach.attach_machine import LARGEST, mark, with_mark
from core.actions.attach.join_log import failed, telling
from core.errors import VacancyError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("one\n\ntwo\n", "two"),
        ("kubelet: ok\n[ERROR] attach: no space left\nkubelet: still here\n", "[ERROR] attach: no space left"),
        ("fatal: first\nconnection refused\nlast words", "connection refused"),
        ("\x1b[31mfailed\x07 to pull\x1b[0m", "[31mfailed to pull [0m"),
    ],
)
def test_the_line_that_tells_most(text: str, line: str) -> None:
    assert telling(text) == line


def test_a_long_line_is_cut() -> None:
    assert len(telling("failed " + "x y " * 5_000)) == 200


@pytest.mark.parametrize(
    "secret",
    [
        "curl x | bash -s -- --openapi-token {} failed",
        "kubeadm join 10.0.0.1:6443 --token abcdef.{} failed",
        "password={} failed",
        "failed https://robot:{}@example.org",
    ],
)
def test_no_secret_is_told(secret: str) -> None:
    assert "0123456789abcdef" not in telling(secret.format("0123456789abcdef"))


@pytest.mark.parametrize(
    ("line", "certain"),
    [
        ("[ERROR] attach: anything", True),
        ("401 Unauthorized", True),
        ("the certificate has expired", True),
        ("cloud-init: no join command in the userdata", True),
        ("dial tcp: connection refused", False),
        ("", False),
    ],
)
def test_what_says_for_certain_that_it_failed(line: str, certain: bool) -> None:
    assert failed(line) is certain


@pytest.mark.parametrize("text", ["#!/bin/sh\ncurl x\n", "#cloud-config\nruncmd: []\n", "#!/bin/bash"])
def test_userdata_is_marked_behind_its_first_line(text: str) -> None:
    first, *rest = text.split("\n")
    assert with_mark(text, "20261122-1").split("\n")[:2] == [first, mark("20261122-1")]
    assert with_mark(text, "20261122-1").split("\n")[2:] == (rest or [""])


@pytest.mark.parametrize("text", ["", "MIME-Version: 1.0", "echo hello", "#!/bin/sh\n" + "x" * LARGEST])
def test_what_can_not_be_marked_is_not_sent(text: str) -> None:
    with pytest.raises(VacancyError):
        with_mark(text, "20261122-1")
