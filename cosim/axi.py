"""Cosimulate an exported AXI engine with managers, sources and sinks that are not ours."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import Bench
from cosim.case import Result
from cosim.cosimulation import Cosimulation, Waves, run_testbench
from cosim.network_case import NetworkCase

__all__ = ["AXI_BENCH", "AxiResult", "cosimulate_axi"]


AXI_BENCH = Bench(top="axi_bench", engine="ohmforge", parameters=lambda ports: {})
"""The bench of an export with 4 bytes a transfer, the default name, and a reset active low."""


@dataclass(frozen=True, kw_only=True)
class AxiResult(Result):
    """What a run says of itself.

    Parameters
    ----------
    images : int
        Images whose results came, each with ``tlast`` on its last word alone.
    accesses : int
        Reads and writes of registers while they ran.
    waited : tuple of int
        Cycles in which an offer of each channel waited: aw, w, b, ar, r, images, results.
    """

    images: int
    accesses: int
    waited: tuple[int, ...]


def cosimulate_axi(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[AxiResult]:
    """Run images through an AXI engine, with pauses on every channel, and compare all results.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        Directory ``rtl`` of an export as :data:`AXI_BENCH` takes it.
    images : int array, shape (n, C, H, W)
        Inputs of the network, already quantised.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    seed : int
        Seed of everything random.
    """
    case = NetworkCase(tables=str(tables.resolve()), seed=seed)
    return run_testbench(
        "cosim.tb_axi",
        AXI_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write, images=images),
        read=AxiResult.read,
        seed=seed,
        waves=waves,
    )
