"""Whatever is wrong with a file: a result or one line, soon, in little memory, in its place.

``python -m bench.fuzz`` does the same with many thousand inputs, and ends what hangs.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arch.errors import InputError
from flow import cli
from tests.fuzz.sandbox import command, examine
from tests.fuzz.subjects import SUBJECTS

SLOW = {"run directory, run again"}
"""An input takes a second and more."""
EXAMPLES = 25


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A directory that is watched, with the temporary files in it."""
    path = tmp_path_factory.mktemp("watched")
    (path / "tmp").mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(path / "tmp")
    yield path
    tempfile.tempdir = before


@pytest.fixture(scope="module", params=[name for name in SUBJECTS if name not in SLOW])
def subject(request, tmp_path_factory):
    """What reads files, with files that are right."""
    found = SUBJECTS[request.param]
    found.prepare(tmp_path_factory.mktemp("originals"))
    return found


def test_whole_files_are_accepted(subject, room):
    """What is damaged below is right before, so that damage is all that is refused."""
    for files in subject.whole():
        outcome = examine(subject.read, files, room, subject.results)
        assert outcome.kind == "accepted", outcome.text


@given(rng=st.randoms(use_true_random=False))
@settings(
    derandomize=True,
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_damaged_files(subject, room, rng):
    """Anything is accepted or refused in a line."""
    outcome = examine(subject.read, subject.input(rng), room, subject.results)
    assert outcome.kind in ("accepted", "refused"), outcome.text


def _write(name):
    Path(name).write_text("x")


def _remove(name):
    Path(name).unlink()
    Path(name).write_text("x")
    os.utime(name, ns=(1, 1))


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("read", "kind", "text"),
    [
        (lambda: None, "accepted", ""),
        (lambda: _write("out"), "accepted", ""),
        (lambda: _raise(InputError("a line")), "refused", "a line"),
        (lambda: _raise(KeyError("x")), "fault", "KeyError: 'x'"),
        (lambda: _raise(SystemExit(3)), "fault", "SystemExit: 3"),
        (lambda: warnings.warn("hm", stacklevel=1), "fault", "UserWarning: hm"),
        (lambda: _write("beside"), "fault", "beside"),
        (lambda: _write("../above"), "fault", "above"),
        (lambda: _remove("given"), "fault", "given"),
        (lambda: Path("../made").mkdir(), "fault", "made"),
        (lambda: os.system("true"), "fault", "os.system"),
        (lambda: subprocess.run(["true"], check=True), "fault", "subprocess.Popen"),
    ],
)
def test_the_watch_sees(read, kind, text, tmp_path):
    """Each rule is kept by something that sees it broken."""
    outcome = examine(read, {"given": b"x"}, tmp_path, ("out",))
    assert outcome.kind == kind
    assert text in outcome.text


@pytest.mark.parametrize(
    ("status", "printed", "kind", "text"),
    [
        (0, "fine", "accepted", ""),
        (2, "ohmforge: a line", "refused", "a line"),
        (1, "ohmforge: a check failed", "refused", "a check failed"),
        (2, "two lines\nohmforge: a line", "refused", "a line"),
        (2, "ohmforge: a line\nTraceback", "fault", "ended with 2"),
        (2, "Traceback", "fault", "ended with 2"),
        (3, "ohmforge: a line", "fault", "ended with 3"),
        (0, "\x1b]0;title\x07", "fault", "printed"),
        (2, "ohmforge: \ud800", "fault", "UnicodeEncodeError"),
    ],
)
def test_the_command_line_is_watched(status, printed, kind, text, tmp_path, monkeypatch):
    """A status, a line, and letters that do nothing to a terminal."""

    def main(words):
        sys.stderr.write(printed)
        sys.exit(status)

    monkeypatch.setattr(cli, "main", main)
    outcome = examine(lambda: command("validate", "tables"), {"given": b"x"}, tmp_path, ())
    assert outcome.kind == kind
    assert text in outcome.text
