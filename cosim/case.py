"""What a simulation is asked to do, and what it answers: files in one directory.

The process that starts the simulator writes ``case.json`` and the windows; the testbench inside the
simulator reads them and appends to ``results.jsonl``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

__all__ = ["Case", "RunResult", "read_results"]

_CASE = "case.json"
_RESULTS = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A set of layers to simulate.

    Parameters
    ----------
    tables : str
        Directory of the mapping tables.
    layers : tuple of str
        Layers to run, in this order.
    stalls : tuple of int
        Stall of both streams, of 256 cycles; each layer runs once with each.
    resets : bool
        Whether each layer is also reset in mid-work and run again.
    seed : int
        Seed of stalls and of the moments of reset.
    """

    tables: str
    layers: tuple[str, ...]
    stalls: tuple[int, ...] = (0,)
    resets: bool = False
    seed: int = 1

    def write(self, directory: Path, windows: Mapping[str, np.ndarray]) -> None:
        """Write the case with the windows of its layers, int arrays of shape (P, R)."""
        for name in self.layers:
            np.save(directory / f"{name}.npy", windows[name].astype(np.int16), allow_pickle=False)
        (directory / _RESULTS).write_text("")
        (directory / _CASE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, directory: Path) -> "Case":
        """Read what :meth:`write` wrote."""
        raw = json.loads((directory / _CASE).read_text())
        lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
        return cls(**(raw | lists))

    def windows(self, directory: Path, layer: str) -> np.ndarray:
        """Windows of one layer, int16 array of shape (P, R)."""
        array: np.ndarray = np.load(directory / f"{layer}.npy", allow_pickle=False)
        return array


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """One run of one layer.

    Parameters
    ----------
    layer : str
        The layer.
    stall : int
        Stall of both streams, of 256 cycles.
    after_reset : bool
        Whether the run followed a reset in mid-work.
    compared, mismatches : int
        Outputs compared, and how many differed, were missing or too many.
    wrong_positions : tuple of int
        Output positions with a wrong or missing output.
    cycles, planes : int
        Counters of the hardware.
    cycles_model : int
        Cycles by the closed form; they apply when ``stall`` is 0.
    clocks : int
        Cycles simulated.
    seconds : float
        Time the simulator took for them.
    problem : str
        What went wrong and where; empty if nothing did.
    """

    layer: str
    stall: int
    after_reset: bool
    compared: int
    mismatches: int
    wrong_positions: tuple[int, ...]
    cycles: int
    planes: int
    cycles_model: int
    clocks: int
    seconds: float
    problem: str = field(default="")

    def append(self, directory: Path) -> None:
        """Add the result to those of the case."""
        with (directory / _RESULTS).open("a") as file:
            file.write(json.dumps(asdict(self)) + "\n")


def read_results(directory: Path) -> Iterator[RunResult]:
    """Results of the case, in the order of the runs."""
    for line in (directory / _RESULTS).read_text().splitlines():
        raw = json.loads(line)
        yield RunResult(**(raw | {"wrong_positions": tuple(raw["wrong_positions"])}))
