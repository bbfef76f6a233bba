"""Climb the ladder, rung by rung, until one fails."""

from collections.abc import Iterator
from dataclasses import dataclass

from host.errors import DeviceError
from host.ladder.link_rungs import LOOPBACK, REGISTERS
from host.ladder.network_rungs import FRAMES, IMAGE, TABLES, THROUGHPUT
from host.ladder.probe_rungs import LAYER, OU
from host.ladder.rung import Bench, Failed, NotBuiltIn

__all__ = ["RUNGS", "Outcome", "climb"]

RUNGS = (REGISTERS, LOOPBACK, TABLES, OU, LAYER, IMAGE, FRAMES, THROUGHPUT)
"""The rungs, the lowest first."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a rung went.

    Parameters
    ----------
    number : int
        Counted from 1.
    name, title : str
        Those of the rung.
    state : str
        ``passed``, ``failed`` or ``not built in``.
    lines : tuple of str
        What passed, or what failed.
    means, look : str
        What a failure usually means, and what to look at next; empty otherwise.
    seconds : float
        By the clock of the line.
    """

    number: int
    name: str
    title: str
    state: str
    lines: tuple[str, ...]
    means: str = ""
    look: str = ""
    seconds: float = 0.0


def climb(bench: Bench, *, until: str | None = None) -> Iterator[Outcome]:
    """Outcomes of the rungs, as they come; none follows one that failed.

    Parameters
    ----------
    until : str, optional
        Name or number of the last rung.

    Raises
    ------
    :exc:`ValueError`
        If there is no such rung.
    """
    for rung_number in range(1, last_rung(until) + 1):
        outcome = _climb_one(bench, rung_number)
        yield outcome
        if outcome.state == "failed":
            return


def last_rung(until: str | None) -> int:
    """Number of the last rung to climb; raises ValueError if there is none of that name."""
    if until is None:
        return len(RUNGS)
    for number, rung in enumerate(RUNGS, start=1):
        if until in (rung.name, str(number)):
            return number
    raise ValueError(
        f"no rung {until!r}; choose 1 to {len(RUNGS)} or {', '.join(rung.name for rung in RUNGS)}"
    )


def _climb_one(bench: Bench, number: int) -> Outcome:
    rung = RUNGS[number - 1]
    clock = bench.device.link.transport.seconds
    began = clock()
    state, lines, means, look = "passed", [], "", ""
    try:
        lines = rung.climb(bench)
    except NotBuiltIn as error:
        state, lines = "not built in", [str(error)]
    except Failed as error:
        state, lines, means, look = "failed", [error.what], error.means, error.look
    except DeviceError as error:
        state, lines, means, look = "failed", [str(error)], rung.means, rung.look
    return Outcome(
        number=number,
        name=rung.name,
        title=rung.title,
        state=state,
        lines=tuple(lines),
        means=means,
        look=look,
        seconds=clock() - began,
    )
