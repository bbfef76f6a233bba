"""Reads inputs one after the other in a process that may have so much memory and no more."""

import os
import resource
import tempfile
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tests.fuzz.odd import Odd
from tests.fuzz.sandbox import BYTES_MAX, Outcome, examine
from tests.fuzz.subject import Files
from tests.fuzz.subjects import SUBJECTS

__all__ = ["input_of", "work"]


def input_of(subject: str, number: int, *, seed: int) -> Files:
    """Input ``number`` of a subject that was prepared."""
    return SUBJECTS[subject].input(Random(f"{seed}/{subject}/{number}"))


def work(
    pipe: Connection, plan: Sequence[tuple[str, int]], seed: int, room: Path, keep: Path | None
) -> None:
    """Read every input of ``plan``: each is announced with None and answered with an Outcome.

    A text says that the campaign itself is wrong.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES_MAX, BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("watched/tmp", "watched/home", "originals"):
        (room / name).mkdir(parents=True)
    tempfile.tempdir = str(room / "watched" / "tmp")
    os.environ |= {"TMPDIR": tempfile.tempdir, "HOME": str(room / "watched" / "home")}
    try:
        _read_all(pipe, plan, seed, room, keep)
    except Exception:
        pipe.send(traceback.format_exc())


def _read_all(
    pipe: Connection, plan: Sequence[tuple[str, int]], seed: int, room: Path, keep: Path | None
) -> None:
    prepared: set[str] = set()
    for name, number in plan:
        subject = SUBJECTS[name]
        if name not in prepared:
            directory = room / "originals" / str(len(prepared))
            directory.mkdir()
            subject.prepare(directory)
            prepared.add(name)
        files = input_of(name, number, seed=seed)
        pipe.send(None)
        outcome = examine(subject.read, files, room / "watched", subject.results)
        if outcome.kind == "fault" and keep is not None:
            _keep(files, outcome, keep / f"{name.replace(' ', '_')}-{number}")
        pipe.send(outcome)


def _keep(files: Files, outcome: Outcome, directory: Path) -> None:
    for name, content in {**files, "FAULT.txt": outcome.text.encode()}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        data = content.value.encode() if isinstance(content, Odd) else content
        (directory / name).write_bytes(data)
