"""`vacancy record` on the command line."""

import json
from pathlib import Path

import pytest

from cli.main import main


def test_a_dump_is_no_cluster(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["record", str(tmp_path / "out.json"), "--from", "dump.json"]) == 2
    assert capsys.readouterr().err == "vacancy: --from dump.json: record reads a cluster; leave --from out\n"


def test_a_dead_server_is_one_line_and_leaves_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    document = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
    }
    config.write_text(json.dumps(document))
    folder = tmp_path / "out"
    folder.mkdir()
    assert main(["record", str(folder / "out.json"), "--kubeconfig", str(config)]) == 3
    assert "http://127.0.0.1:1: connection refused" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
