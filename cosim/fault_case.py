"""What a campaign of faults on the link is asked to do, and what it answers."""

import random
from dataclasses import dataclass
from typing import Self

from cosim.case import Result
from cosim.faulty_transport import LATE
from cosim.link_case import LinkCase
from cosim.wire_faults import IN_ANSWER, ON_WIRE

__all__ = ["WORKS", "FaultCase", "FaultResult", "Plan"]

WORKS = ("scratch", "echo", "pattern", "identity", "image", "images", "counted image", "load")
"""What the driver does when a fault happens."""
_FAULTS = (*ON_WIRE, *IN_ANSWER, LATE)
_FIRST_MOST = 20
_COUNTS = (1, 1, 1, 2, 3, 100)
"""Requests in a row with the fault; the driver gives up before the last of them."""


@dataclass(frozen=True, kw_only=True)
class FaultCase(LinkCase):
    """Faults to try, one after the other, on a device that is never switched off.

    Parameters
    ----------
    first, cases : int
        Numbers of the first fault, and how many.
    """

    first: int
    cases: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One fault of a campaign; it follows from the seed and its number.

    Parameters
    ----------
    fault, work : str
        What happens, and when.
    first, count : int
        The first request to which it happens, counted from 0, and how many.
    rng : random.Random
        Decides the rest.
    """

    fault: str
    work: str
    first: int
    count: int
    rng: random.Random

    @classmethod
    def of(cls, seed: int, number: int) -> Self:
        """The fault of that number; every kind comes as often as any other."""
        rng = random.Random(f"{seed} {number}")
        first = rng.randrange(rng.choice((2, _FIRST_MOST)))  # many works have but few requests
        return cls(
            fault=_FAULTS[number % len(_FAULTS)],
            work=rng.choice(WORKS),
            first=first,
            count=rng.choice(_COUNTS),
            rng=rng,
        )


@dataclass(frozen=True, kw_only=True)
class FaultResult(Result):
    """What came of one fault.

    Parameters
    ----------
    number : int
        Of the fault.
    fault, work : str
        As in :class:`Plan`.
    outcome : str
        ``right``, or ``error`` if the driver said so; a wrong result is a problem.
    text : str
        The error.
    faults : int
        Requests or answers to which the fault happened; fewer than planned if the work had fewer.
    repeats : int
        Requests that the driver repeated.
    tries : int
        Times that the driver had to begin anew until everything was right again.
    """

    number: int
    fault: str
    work: str
    outcome: str
    text: str
    faults: int
    repeats: int
    tries: int
