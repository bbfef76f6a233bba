"""A run directory is recognised, and nothing else is touched."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from arch.errors import InputError
from flow.run_directory import MARKER, Record, RunDirectory


def record(**changes):
    values = {
        "stage": "train",
        "configuration": {},
        "files": {},
        "code": "",
        "outputs": {},
        "seconds": 0.0,
    }
    return Record(**{**values, **changes})


def test_made_with_its_parents(tmp_path):
    RunDirectory.create(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / MARKER).is_file()
    RunDirectory.create(tmp_path / "a" / "b")


def test_other_directory_is_not_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="is not a run directory and not empty; choose another"):
        RunDirectory.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_file_in_the_way(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*: (is not a directory|cannot be used)"):
        RunDirectory.create(tmp_path / name)


def test_left_over_of_a_killed_first_run_is_no_obstacle(tmp_path):
    (tmp_path / f".ohmforge.{MARKER}.partial").write_text("{")
    RunDirectory.create(tmp_path)


def test_open_needs_a_run_directory(tmp_path):
    with pytest.raises(InputError, match=f"is not a run directory .it has no {MARKER}.$"):
        RunDirectory.open(tmp_path)
    with pytest.raises(InputError, match="nothing: no such directory"):
        RunDirectory.open(tmp_path / "nothing")


@pytest.mark.parametrize("marker", ['{"schema": 2}', "[]", "7"])
def test_other_version_is_refused(tmp_path, marker):
    (tmp_path / MARKER).write_text(marker)
    with pytest.raises(InputError, match="written by another version of ohmforge"):
        RunDirectory.create(tmp_path)


def test_marker_that_is_no_json(tmp_path):
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(InputError, match=f"{MARKER}: is not JSON"):
        RunDirectory.open(tmp_path)


def test_commit_replaces_and_records(tmp_path):
    directory = RunDirectory.create(tmp_path)
    for text in ("one", "two"):
        with directory.locked(), directory.writing("train") as output:
            output.mkdir()
            (output / "w").write_text(text)
            directory.commit(output, record(seconds=1.5))
    assert (tmp_path / "train" / "w").read_text() == "two"
    kept = directory.record("train")
    assert list(kept.outputs) == ["train/w"]
    assert kept.seconds == 1.5
    assert str(tmp_path) not in json.dumps(kept.outputs)
    directory.forget("train")
    assert directory.record("train") is None


def test_stage_is_not_done_while_its_output_changes(tmp_path, monkeypatch):
    """Killed between the new output and its record: the old record must not vouch for it."""
    directory = RunDirectory.create(tmp_path)
    with directory.locked(), directory.writing("train") as output:
        output.write_text("one")
        directory.commit(output, record())
    monkeypatch.setattr("flow.run_directory.write_json", lambda path, value: 1 / 0)
    with directory.locked(), directory.writing("train") as output:
        output.write_text("one")
        with pytest.raises(ZeroDivisionError):
            directory.commit(output, record())
    assert directory.record("train") is None


def test_killed_process_leaves_no_lock_and_nothing_half_written(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from flow.run_directory import RunDirectory\n"
        "directory = RunDirectory.create(Path(sys.argv[1]))\n"
        "with directory.locked(), directory.writing('train') as output:\n"
        "    output.write_text('half')\n"
        "    Path(sys.argv[2]).touch()\n"
        "    time.sleep(600)\n"
    )
    ready = tmp_path / "ready"
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "run", ready])
    try:
        deadline = time.monotonic() + 60
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        directory = RunDirectory.open(tmp_path / "run")
        with pytest.raises(InputError, match="another run is at work in it"), directory.locked():
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with directory.locked():
        assert not (tmp_path / "run" / "train").exists()
        assert not list((tmp_path / "run").glob("*partial*"))
