"""Cosimulate an engine with its host link: the driver at one end of the wires, RTL at the other."""

from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import DEVICE_BENCH
from cosim.cosimulation import Cosimulation, Waves, run_testbench
from cosim.link_case import LinkCase, LinkResult

__all__ = ["cosimulate_link"]


def cosimulate_link(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    other: Path | None = None,
    frames: int | None = None,
    seed: int = 1,
    waves: Waves = "on_failure",
) -> Cosimulation[LinkResult]:
    """Climb the ladder, and run images through the driver, one by one and back to back.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        What :func:`hw.link.emit_link.write_link` wrote for them.
    images : int array, shape (n, C, H, W)
        Inputs of the network, already quantised.
    directory, build_root, waves
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    other : Path, optional
        Other tables. An engine that loads its tables and has room for them runs them, too; any
        other must be refused.
    frames : int, optional
        Images that run back to back on the ladder; as many as there are without.
    seed : int
        Of the driver's random numbers.
    """
    case = LinkCase(
        tables=str(tables.resolve()),
        other="" if other is None else str(other.resolve()),
        seed=seed,
        frames=len(images) if frames is None else frames,
    )
    return run_testbench(
        "cosim.tb_link",
        DEVICE_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write_all, images=images, verilog=verilog),
        read=LinkResult.read,
        seed=seed,
        waves=waves,
    )
