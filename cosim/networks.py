"""Cosimulate a whole network: images in, every feature map against the golden model."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import NETWORK_BENCH
from cosim.cosimulation import STALLS, Cosimulation, Waves, run_testbench
from cosim.network_case import NetworkCase, NetworkResult

__all__ = ["cosimulate_network"]


def cosimulate_network(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    stalls: Sequence[int] = STALLS["random"],
    resets: bool = True,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[NetworkResult]:
    """Run images on the RTL and compare every feature map with the golden model.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        Directory of the Verilog of the network engine that was generated from them.
    images : int array, shape (n, C, H, W)
        Inputs of the network, already quantised; they run back to back.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    stalls : sequence of int
        Stall of both streams, of 256 cycles; all images run once with each.
    resets : bool
        Whether the engine is also reset in mid-image.
    seed : int
        Seed of stalls and of the moment of reset.
    """
    case = NetworkCase(tables=str(tables.resolve()), stalls=tuple(stalls), resets=resets, seed=seed)
    return run_testbench(
        "cosim.tb_network",
        NETWORK_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write, images=images),
        read=NetworkResult.read,
        seed=seed,
        waves=waves,
    )
