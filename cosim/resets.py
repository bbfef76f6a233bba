"""Cosimulate the reset inputs of exports: the same engine behind each of them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import Bench
from cosim.case import Result
from cosim.cosimulation import Cosimulation, Waves, run_testbench
from cosim.network_case import NetworkCase

__all__ = ["RESET_BENCH", "cosimulate_resets"]


def _parameters(ports: Mapping[str, dict]) -> dict[str, object]:
    return {"SCORE_BITS": ports["o__payload"]["bits"]}


RESET_BENCH = Bench(top="reset_bench", engine="engines", parameters=_parameters)
"""The bench of four wrappers: ``low_sync``, ``low_async``, ``high_sync`` and ``high_async``."""


def cosimulate_resets(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[Result]:
    """Reset each wrapper in mid-image, and compare what it gives then.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables, which are baked into the engines.
    verilog : Path
        Directory with ``engines.v``, the wrappers and their core, and ``names.json`` of the core.
    images : int array, shape (2, C, H, W)
        Inputs of the network, already quantised.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    seed : int
        Seed of the moments of reset.
    """
    case = NetworkCase(tables=str(tables.resolve()), seed=seed)
    return run_testbench(
        "cosim.tb_reset",
        RESET_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write, images=images),
        read=Result.read,
        seed=seed,
        waves=waves,
    )
