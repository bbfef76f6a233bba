"""Cosimulate a whole network: images in, every feature map against the golden model."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosim.bench import NETWORK_BENCH
from cosim.harness import build_simulator
from cosim.layers import RANDOM_STALL
from cosim.network_case import NetworkCase, NetworkResult, read_network_results

__all__ = ["NetworkCosimulation", "cosimulate_network"]

_MODULE = "cosim.tb_network"


@dataclass(frozen=True, kw_only=True)
class NetworkCosimulation:
    """What a cosimulation of a network showed.

    Parameters
    ----------
    runs : tuple of NetworkResult
        Every run of all images.
    problems : tuple of str
        What failed, one line each; empty when everything is right.
    junit : Path
        Results as JUnit XML.
    waves : Path or None
        Waveform of the first failure, or of everything if it was asked for.
    """

    runs: tuple[NetworkResult, ...]
    problems: tuple[str, ...]
    junit: Path
    waves: Path | None

    @property
    def cycles_per_second(self) -> float:
        """Simulated cycles per second of simulator time, over all runs."""
        return sum(run.clocks for run in self.runs) / max(1e-9, sum(r.seconds for r in self.runs))


def cosimulate_network(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    stalls: Sequence[int] = (0, RANDOM_STALL),
    resets: bool = True,
    seed: int = 1,
    waves: bool = False,
) -> NetworkCosimulation:
    """Run images on the RTL and compare every feature map with the golden model.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        Directory of the Verilog of the network engine that was generated from them.
    images : int array, shape (n, C, H, W)
        Inputs of the network, already quantised; they run back to back.
    directory : Path
        Where the simulation runs; made anew.
    build_root : Path
        Where simulators are built, and found again.
    stalls : sequence of int
        Stall of both streams, of 256 cycles; all images run once with each.
    resets : bool
        Whether the engine is also reset in mid-image.
    seed : int
        Seed of stalls and of the moment of reset.
    waves : bool
        Whether to write a waveform of everything; of the first failure it is written anyway.

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
    case = NetworkCase(tables=str(tables.resolve()), stalls=tuple(stalls), resets=resets, seed=seed)

    def run(where: Path, *, waves: bool, pattern: str = "") -> list[str]:
        shutil.copy(verilog / "names.json", where)
        case.write(where, images)
        simulator = build_simulator(verilog, build_root, bench=NETWORK_BENCH, waves=waves)
        return simulator.run(_MODULE, where, seed=seed, pattern=pattern)

    failures = run(directory, waves=waves)
    runs = tuple(read_network_results(directory))
    problems = [result.problem for result in runs if result.problem]
    problems += [failure for failure in failures if not any(p in failure for p in problems)]
    dump = directory / "dump.vcd"
    if failures and not waves:
        again = directory / "waves"
        again.mkdir()
        run(again, waves=True, pattern=f"{re.escape(failures[0].partition(':')[0])}$")
        (again / "dump.vcd").rename(dump)
        shutil.rmtree(again)
    return NetworkCosimulation(
        runs=runs,
        problems=tuple(problems),
        junit=directory / "results.xml",
        waves=dump if dump.exists() else None,
    )
