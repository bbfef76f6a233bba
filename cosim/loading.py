"""Cosimulate tables that are loaded at run time: right ones take turns, wrong ones are refused."""

from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import NETWORK_BENCH
from cosim.cosimulation import Cosimulation, Waves, run_testbench
from cosim.network_case import NetworkCase, NetworkResult

__all__ = ["cosimulate_loading"]


def cosimulate_loading(
    tables: Path,
    other: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[NetworkResult]:
    """Load two sets of tables in turn, and between them everything that is wrong.

    Parameters
    ----------
    tables, other : Path
        Directories of mapping tables; those of the load image beside the Verilog, and others that
        fit the same engine.
    verilog : Path
        Directory of the Verilog of a network engine that loads its tables.
    images : int array, shape (n, C, H, W)
        Inputs of both networks, already quantised.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    seed : int
        Seed of the moments of resets and of everything random.
    """
    case = NetworkCase(tables=str(tables.resolve()), other=str(other.resolve()), seed=seed)
    return run_testbench(
        "cosim.tb_loading",
        NETWORK_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write, images=images),
        read=NetworkResult.read,
        seed=seed,
        waves=waves,
    )
