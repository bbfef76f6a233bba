"""Cosimulate the layers of a network: RTL against golden model, output by output."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosim.case import Case, RunResult, read_results
from cosim.harness import build_simulator

__all__ = ["RANDOM_STALL", "Cosimulation", "cosimulate"]

RANDOM_STALL = 96
"""Stall of both streams in runs with random stalls, of 256 cycles."""
_MODULE = "cosim.tb_layer"


@dataclass(frozen=True, kw_only=True)
class Cosimulation:
    """What a cosimulation showed.

    Parameters
    ----------
    runs : tuple of RunResult
        Every run of every layer.
    problems : tuple of str
        What failed, one line each; empty when all outputs and cycles are right.
    junit : Path
        Results as JUnit XML.
    waves : Path or None
        Waveform of the first failure, or of everything if it was asked for.
    """

    runs: tuple[RunResult, ...]
    problems: tuple[str, ...]
    junit: Path
    waves: Path | None

    @property
    def cycles_per_second(self) -> float:
        """Simulated cycles per second of simulator time, over all runs."""
        return sum(run.clocks for run in self.runs) / max(1e-9, sum(r.seconds for r in self.runs))

    def of(self, layer: str) -> list[RunResult]:
        """Runs of one layer."""
        return [run for run in self.runs if run.layer == layer]


def cosimulate(
    tables: Path,
    verilog: Path,
    windows: Mapping[str, np.ndarray],
    directory: Path,
    *,
    build_root: Path,
    stalls: Sequence[int] = (0, RANDOM_STALL),
    resets: bool = True,
    seed: int = 1,
    waves: bool = False,
) -> Cosimulation:
    """Run layers on the RTL and compare every output with the golden model.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        Directory of the Verilog that was generated from them.
    windows : mapping of str to int array, shape (P, R)
        Layers to run and the inputs of their output positions, back to back.
    directory : Path
        Where the simulation runs; made anew.
    build_root : Path
        Where simulators are built, and found again.
    stalls : sequence of int
        Stall of both streams, of 256 cycles; each layer runs once with each.
    resets : bool
        Whether each layer is also reset in mid-work and run again.
    seed : int
        Seed of stalls and of the moments of reset.
    waves : bool
        Whether to write a waveform of everything; of the first failure it is written anyway.

    Returns
    -------
    Cosimulation

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If Verilator is missing or cannot build.
    :exc:`arch.errors.CheckFailed`
        If the simulator died.
    """
    directory, build_root = directory.resolve(), build_root.resolve()
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    shutil.copy(verilog / "names.json", directory)
    case = Case(
        tables=str(tables.resolve()),
        layers=tuple(windows),
        stalls=tuple(stalls),
        resets=resets,
        seed=seed,
    )
    case.write(directory, windows)
    simulator = build_simulator(verilog, build_root, waves=waves)
    failures = simulator.run(_MODULE, directory, seed=seed)
    runs = tuple(read_results(directory))
    problems = [run.problem for run in runs if run.problem]
    problems += [failure for failure in failures if not any(p in failure for p in problems)]
    dump = directory / "dump.vcd"
    if failures and not waves:
        _capture(verilog, build_root, case, windows, directory, failures[0], seed)
    return Cosimulation(
        runs=runs,
        problems=tuple(problems),
        junit=directory / "results.xml",
        waves=dump if dump.exists() else None,
    )


def _capture(
    verilog: Path,
    build_root: Path,
    case: Case,
    windows: Mapping[str, np.ndarray],
    directory: Path,
    failure: str,
    seed: int,
) -> None:
    """Repeat the first test that failed with a waveform."""
    again = directory / "waves"
    again.mkdir()
    shutil.copy(directory / "names.json", again)
    case.write(again, windows)
    test = failure.partition(":")[0]
    build_simulator(verilog, build_root, waves=True).run(
        _MODULE, again, seed=seed, pattern=f"{re.escape(test)}$"
    )
    (again / "dump.vcd").rename(directory / "dump.vcd")
    shutil.rmtree(again)
