"""Cosimulate the layers of a network: RTL against golden model, output by output."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import LAYER_BENCH
from cosim.cosimulation import STALLS, Cosimulation, Waves, run_testbench
from cosim.layer_case import LayerCase, LayerResult

__all__ = ["cosimulate_layers"]


def cosimulate_layers(
    tables: Path,
    verilog: Path,
    windows: Mapping[str, np.ndarray],
    directory: Path,
    *,
    build_root: Path,
    stalls: Sequence[int] = STALLS["random"],
    resets: bool = True,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[LayerResult]:
    """Run layers on the RTL and compare every output with the golden model.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        Directory of the Verilog that was generated from them.
    windows : mapping of str to int array, shape (P, R)
        Layers to run and the inputs of their output positions, back to back.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    stalls : sequence of int
        Stall of both streams, of 256 cycles; each layer runs once with each.
    resets : bool
        Whether each layer is also reset in mid-work and run again.
    seed : int
        Seed of stalls and of the moments of reset.
    """
    case = LayerCase(
        tables=str(tables.resolve()),
        layers=tuple(windows),
        stalls=tuple(stalls),
        resets=resets,
        seed=seed,
    )
    return run_testbench(
        "cosim.tb_layer",
        LAYER_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write, windows=windows),
        read=LayerResult.read,
        seed=seed,
        waves=waves,
    )
