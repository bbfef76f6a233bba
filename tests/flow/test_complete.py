"""What a shell is offered, asked as a shell asks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from flow import complete
from flow.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
NAMES = [stage.name for stage in STAGES]


def offered(line, cwd):
    """What is offered for the last word of a line."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-m", "flow"],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            "_OHMFORGE_COMPLETE": "complete_bash",
        },
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working directory with a configuration, runs and tables."""
    place = tmp_path_factory.mktemp("place")
    (place / "runs" / "one" / "map" / "tables").mkdir(parents=True)
    (place / "runs" / "one" / "ohmforge.json").write_text("{}")
    manifest = {"layers": [{"name": "conv1"}, {"name": "conv2"}, {"name": "fc"}]}
    (place / "runs" / "one" / "map" / "tables" / "manifest.json").write_text(json.dumps(manifest))
    (place / "runs" / "other").mkdir()
    (place / "runs" / ".hidden").mkdir()
    (place / "job.yaml").touch()
    (place / "notes.txt").touch()
    return place


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ohmforge ex", ["explain", "export"]),
        ("ohmforge run --until ", NAMES),
        ("ohmforge run job.yaml -o runs/one --until c", ["cosim"]),
        ("ohmforge run job.yaml --force ", [*NAMES, "all"]),
        ("ohmforge run ", ["job.yaml", "runs/"]),
        ("ohmforge run job.yaml -o runs/o", ["runs/one", "runs/other/"]),
        ("ohmforge report runs/", ["runs/one", "runs/other/"]),
        ("ohmforge explain runs/one --layer c", ["conv1", "conv2"]),
        ("ohmforge explain --layer c", []),
        ("ohmforge explain nowhere --layer c", []),
        ("ohmforge validate runs/one/map/t", ["runs/one/map/tables"]),
        ("ohmforge report nowhere/", []),
        ("ohmforge report runs/.h", ["runs/.hidden/"]),
    ],
)
def test_offers(line, expected, place):
    assert offered(line, place) == expected


def test_script_for_the_shell():
    done = subprocess.run(
        [sys.executable, "-m", "flow", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
        },
    )
    assert "complete -o default -F _ohmforge_completion ohmforge" in done.stdout


def test_damaged_manifest_offers_nothing(tmp_path):
    given = SimpleNamespace(params={"directory": tmp_path}, args=[])
    for text in (
        "[",
        "{}",
        '{"layers": 3}',
        '{"layers": [{"name": 7}, {"name": null}]}',
        "[" * 9999,
    ):
        (tmp_path / "manifest.json").write_text(text)
        assert complete.layers(given, "") == []
