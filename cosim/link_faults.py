"""A campaign of faults on the host link, in RTL, with the driver itself at the other end."""

from functools import partial
from pathlib import Path

import numpy as np

from cosim.bench import DEVICE_BENCH
from cosim.cosimulation import Cosimulation, run_testbench
from cosim.fault_case import FaultCase, FaultResult

__all__ = ["try_faults"]


def try_faults(
    tables: Path,
    verilog: Path,
    images: np.ndarray,
    directory: Path,
    *,
    build_root: Path,
    cases: int,
    first: int = 0,
    seed: int = 1,
) -> Cosimulation[FaultResult]:
    """Let something go wrong, again and again, while the driver works.

    Whatever happens, the driver gives the right result or says in one line that it has none, in a
    bounded time; and when nothing is wrong any more it works again, without a reset of the device.

    Parameters
    ----------
    tables : Path
        Directory of mapping tables.
    verilog : Path
        What :func:`hw.link.emit_link.write_link` wrote for them.
    images : int array, shape (n, C, H, W)
        Inputs of the network, already quantised.
    directory, build_root
        As in :func:`cosim.cosimulation.run_testbench`, which says what is raised, too.
    cases : int
        How many faults.
    first : int
        Number of the first.
    seed : int
        Decides every fault, with its number.
    """
    case = FaultCase(
        tables=str(tables.resolve()), seed=seed, frames=len(images), first=first, cases=cases
    )
    return run_testbench(
        "cosim.tb_link_faults",
        DEVICE_BENCH,
        verilog,
        directory,
        build_root=build_root,
        write=partial(case.write_all, images=images, verilog=verilog),
        read=FaultResult.read,
        seed=seed,
        waves="on_failure",
    )
