"""Many inputs, each read in a process that is watched from outside."""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.sandbox import SECONDS_MAX, Outcome

__all__ = ["Finding", "Plan", "campaign"]

Plan = Sequence[tuple[str, int]]
"""Subjects and numbers of their inputs."""
_START_SECONDS = 300.0
_PATIENCE = 6
"""Times as long as an input may take it is waited for, as others may have the processor."""
_Worker = Callable[[Connection, Plan, int, Path, Path | None], None]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One input and how it ended; :func:`tests.fuzz.worker.input_of` makes the input again."""

    subject: str
    number: int
    outcome: Outcome


def campaign(
    plan: Plan,
    *,
    seed: int,
    keep: Path | None = None,
    seconds: float = SECONDS_MAX,
    worker: _Worker | None = None,
) -> Iterator[Finding]:
    """Read every input of ``plan`` and say how each ended.

    A process reads them one after the other. It is ended if one takes much longer than it may;
    what follows goes to a new one. An input that was slow is tried again, and is a fault if it is
    slow once more.

    Parameters
    ----------
    keep : Path, optional
        Where the files of every fault go.
    seconds : float
        Longest time that an input may take.
    worker : callable
        What reads, in the process; :func:`tests.fuzz.worker.work` unless given.
    """
    if worker is None:
        from tests.fuzz.worker import work as worker  # which brings everything that reads
    place, slow = 0, -1
    while place < len(plan):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as room:
            arguments = (plan[place:], seed, Path(room), keep)
            for outcome in _in_one_process(worker, arguments, seconds * _PATIENCE):
                if outcome.kind == "slow" and slow != place:
                    slow = place
                    break
                told = replace(outcome, kind="fault") if outcome.kind == "slow" else outcome
                yield Finding(subject=plan[place][0], number=plan[place][1], outcome=told)
                place += 1


def _in_one_process(
    work: _Worker, arguments: tuple[Plan, int, Path, Path | None], seconds: float
) -> Iterator[Outcome]:
    """Outcomes until the plan is done, or until the process ends or has to be ended."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=work, args=(there, *arguments), daemon=True)
    worker.start()
    there.close()
    try:
        for _ in arguments[0]:
            # The worker says when it begins, for making the originals takes time as well.
            for patience in (_START_SECONDS, seconds):
                try:
                    if not here.poll(patience):
                        text = f"hangs: nothing for {patience:g} seconds"
                        yield Outcome(kind="slow", text=text, seconds=patience, peak=0)
                        return
                    message = here.recv()
                except EOFError:
                    worker.join()
                    text = f"the process ended with {worker.exitcode}"
                    yield Outcome(kind="fault", text=text, seconds=0.0, peak=0)
                    return
                if isinstance(message, str):
                    raise RuntimeError(f"the campaign itself is wrong:\n{message}")
            yield message
    finally:
        if worker.is_alive():
            os.kill(worker.pid or 0, signal.SIGKILL)
        worker.join()
        here.close()
