"""What a simulation is asked to do, and what it answers: files in one directory.

The process that starts the simulator writes ``case.json`` and the inputs; the testbench inside the
simulator reads them and appends to ``results.jsonl``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["Case", "Result"]

_CASE = "case.json"
_RESULTS = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What every simulation is asked.

    Parameters
    ----------
    tables : str
        Directory of the mapping tables.
    stalls : tuple of int
        Stall of both streams, of 256 cycles; everything runs once with each.
    resets : bool
        Whether there is also a reset in mid-work, and a run after it.
    seed : int
        Seed of stalls and of the moments of reset.
    """

    tables: str
    stalls: tuple[int, ...] = (0,)
    resets: bool = False
    seed: int = 1

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read what :meth:`_begin` wrote."""
        raw = json.loads((directory / _CASE).read_text())
        lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
        return cls(**(raw | lists))

    def _begin(self, directory: Path) -> None:
        """Write the case, without any results."""
        (directory / _RESULTS).write_text("")
        (directory / _CASE).write_text(json.dumps(asdict(self)))


@dataclass(frozen=True, kw_only=True)
class Result:
    """What every run says of itself.

    Parameters
    ----------
    stall : int
        Stall of both streams, of 256 cycles.
    after_reset : bool
        Whether the run followed a reset in mid-work.
    compared, mismatches : int
        Values compared, and how many differed, were missing or too many.
    clocks : int
        Cycles simulated.
    seconds : float
        Time the simulator took for them.
    problem : str
        What went wrong and where; empty if nothing did.
    """

    stall: int
    after_reset: bool
    compared: int
    mismatches: int
    clocks: int
    seconds: float
    problem: str = ""

    def append(self, directory: Path) -> None:
        """Add the result to those of the case."""
        with (directory / _RESULTS).open("a") as file:
            file.write(json.dumps(asdict(self)) + "\n")

    @classmethod
    def read(cls, directory: Path) -> Iterator[Self]:
        """The results of the case, in the order of the runs."""
        for line in (directory / _RESULTS).read_text().splitlines():
            yield cls.of(json.loads(line))

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The result that was written as these plain values."""
        values: dict[str, Any] = {}
        for name, value in raw.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)
