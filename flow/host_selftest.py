"""What ``ohmforge host DIR selftest`` does and says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from arch.errors import InputError
from arch.network_cycles import network_cycles
from cosim.host_reference import GoldenReference
from flow.host_session import Session
from host.ladder.climb import RUNGS, Outcome, climb, last_rung
from host.ladder.rung import Bench

__all__ = ["ladder", "outcome_lines", "summary"]

_FRAMES = 100
_CYCLES = 50_000_000
"""Cycles that the images back to back may take, unless more are asked for."""
_FRAMES_LEAST = 3


def ladder(
    there: Session,
    *,
    until: str | None,
    frames: int | None,
    progress: Callable[[int, int], None],
) -> Iterator[Outcome]:
    """Outcomes of the rungs, as they come.

    Parameters
    ----------
    until : str, optional
        Name or number of the last rung.
    frames : int, optional
        Images that run back to back.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such rung, or the device is not one for the run.
    """
    try:
        last_rung(until)
    except ValueError as error:
        raise InputError(f"--until: {error}") from error
    target = there.target
    known = there.run.images(target)
    if frames is None:
        cycles = network_cycles(target.tables, target.program).total
        frames = max(_FRAMES_LEAST, min(_FRAMES, _CYCLES // cycles))
    bench = Bench(
        device=there.device,
        target=target,
        reference=GoldenReference(target),
        images=known.codes[:frames],
        origin=known.origin,
        frames=frames,
        seconds=there.seconds,
        progress=progress,
    )
    yield from climb(bench, until=until)


def outcome_lines(outcome: Outcome) -> list[str]:
    """A rung as lines: what passed, or what failed, what that means, and what to look at."""
    first, *others = outcome.lines or ("",)
    head = f"{outcome.number} {outcome.name:<10} {outcome.state:<13} {first}"
    lines = [head, *(f"{'':<27}{line}" for line in others)]
    if outcome.means:
        lines.append(f"{'':<13}usually means: {outcome.means}")
        lines.append(f"{'':<13}look next at:  {outcome.look}")
    return lines


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All rungs as plain values, how many went how, and a line on them."""
    states = [outcome.state for outcome in outcomes]
    passed, failed = states.count("passed"), states.count("failed")
    absent = states.count("not built in")
    parts = [f"{passed} of {len(RUNGS)} rungs passed"]
    if absent:
        parts.append(f"{absent} not built in")
    if failed:
        parts.append(f"{outcomes[-1].name} failed")
    if missing := len(RUNGS) - len(states):
        parts.append(f"{missing} not climbed")
    return {
        "passed": passed,
        "failed": failed,
        "not_built_in": absent,
        "rungs": [asdict(outcome) for outcome in outcomes],
        "line": ", ".join(parts),
    }
