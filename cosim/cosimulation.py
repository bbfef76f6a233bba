"""Run a testbench on generated Verilog, and gather what it showed."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from cosim.bench import Bench
from cosim.case import Result
from cosim.harness import build_simulator

__all__ = ["STALLS", "Cosimulation", "Waves", "read_at_start", "run_testbench"]

STALLS = {"none": (0,), "random": (0, 96)}
"""Stalls of both streams, of 256 cycles, by name; everything runs once with each."""
Run = TypeVar("Run", bound=Result)
Waves = Literal["on_failure", "always", "never"]
"""When a waveform is written: of the first test that fails, of everything, or never."""


@dataclass(frozen=True, kw_only=True)
class Cosimulation(Generic[Run]):
    """What a cosimulation showed.

    Parameters
    ----------
    runs : tuple of Result
        Every run.
    problems : tuple of str
        What failed, one line each; empty when all values and cycles are right.
    junit : Path
        Results as JUnit XML.
    waves : Path or None
        Waveform of the first failure, or of everything if it was asked for.
    """

    runs: tuple[Run, ...]
    problems: tuple[str, ...]
    junit: Path
    waves: Path | None

    @property
    def cycles_per_second(self) -> float:
        """Simulated cycles per second of simulator time, over all runs."""
        return sum(run.clocks for run in self.runs) / max(1e-9, sum(r.seconds for r in self.runs))


def run_testbench(
    module: str,
    bench: Bench,
    verilog: Path,
    directory: Path,
    *,
    build_root: Path,
    write: Callable[[Path], None],
    read: Callable[[Path], Iterable[Run]],
    seed: int,
    waves: Waves,
) -> Cosimulation[Run]:
    """Build the simulator unless it is there, run every test, and repeat the first that fails.

    The repetition writes a waveform; there is none if ``waves`` is not ``on_failure``.

    Parameters
    ----------
    module : str
        The testbench.
    bench : Bench
        What it drives.
    verilog : Path
        Directory of the Verilog.
    directory : Path
        Where the simulation runs; made anew.
    build_root : Path
        Where simulators are built, and found again.
    write : callable
        Writes the case into a directory.
    read : callable
        Reads the results from there.
    seed : int
        Of cocotb.
    waves : str
        When to write a waveform.

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

    def run(where: Path, *, waves: bool, pattern: str = "") -> list[str]:
        for file in read_at_start(verilog):
            shutil.copy(file, where)
        write(where)
        simulator = build_simulator(verilog, build_root, bench=bench, waves=waves)
        return simulator.run(module, where, seed=seed, pattern=pattern)

    failures = run(directory, waves=waves == "always")
    runs = tuple(read(directory))
    problems = [result.problem for result in runs if result.problem]
    problems += [failure for failure in failures if not any(p in failure for p in problems)]
    dump = directory / "dump.vcd"
    if failures and waves == "on_failure":
        again = directory / "waves"
        again.mkdir()
        run(again, waves=True, pattern=f"{re.escape(failures[0].partition(':')[0])}$")
        (again / "dump.vcd").rename(dump)
        shutil.rmtree(again)
    return Cosimulation(
        runs=runs,
        problems=tuple(problems),
        junit=directory / "results.xml",
        waves=dump if dump.exists() else None,
    )


def read_at_start(verilog: Path) -> list[Path]:
    """Files beside Verilog that testbench and model read where the simulator runs."""
    names = verilog / "names.json"
    said = json.loads(names.read_text())
    files = [part["cells"] for part in said["macro"]["instances"]] if "macro" in said else []
    files += [said["load_image"]] if "load_image" in said else []
    return [names, *(verilog / file for file in files)]
