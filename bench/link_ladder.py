"""The ladder and whole images through the bits of the wires: ``python -m bench.link_ladder RUN``.

The driver itself is at one end, the generated engine of the run with its host link at the other,
both in simulated time. With ``--board`` the engine is the one from which ``ohmforge fpga`` made a
bitstream, file by file; with ``--other`` the tables of another run are loaded into it, too. Exit
status 1 if any result or counter is wrong.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.errors import OhmforgeError
from arch.network_program import build_network_program
from cosim.cosimulation import Cosimulation
from cosim.link import cosimulate_link
from cosim.link_case import LinkResult
from flow.device_build import CLOCK_HZ, device_link
from flow.host_run import HostRun
from flow.run_hardware import run_hardware
from flow.tables_path import tables_of
from hw.link.emit_link import write_link

_BUILDS = Path(__file__).parents[1] / "sim_build"


def main() -> int:
    """Do what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.link_ladder", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory, at least up to the stage map")
    parser.add_argument("--other", type=Path, help="run directory whose tables are loaded, too")
    parser.add_argument("--board", help="take the engine of RUN/fpga/BOARD")
    parser.add_argument("--images", type=int, default=20, help="images (20)")
    chosen = parser.parse_args()
    console = Console(width=120)
    try:
        with tempfile.TemporaryDirectory() as place:
            done = climb(chosen, Path(place))
    except OhmforgeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    console.print(_table(done))
    for problem in done.problems:
        console.print(problem, markup=False)
    return int(bool(done.problems) or any(run.mismatches for run in done.runs))


def climb(chosen: argparse.Namespace, directory: Path) -> Cosimulation[LinkResult]:
    """What the simulation of the engine gives, in a directory that is there."""
    run = HostRun.open(chosen.run)
    verilog = directory / "verilog"
    if chosen.board is None:
        verilog.mkdir()
        hardware = run_hardware(chosen.run)
        program = build_network_program(run.tables, **hardware.network_built_as)
        write_link(program, device_link(program, clock_hz=CLOCK_HZ, baud=None), verilog)
    else:
        verilog = chosen.run / "fpga" / chosen.board
    images = run.images(run.model).codes
    return cosimulate_link(
        tables_of(chosen.run),
        verilog,
        np.asarray(images[: chosen.images]),
        directory / "simulation",
        build_root=_BUILDS,
        other=None if chosen.other is None else tables_of(chosen.other),
        frames=chosen.images,
    )


def _table(done: Cosimulation[LinkResult]) -> Table:
    table = Table("part", "values compared", "wrong", "found")
    for run in done.runs:
        table.add_row(run.name, f"{run.compared:,}", f"{run.mismatches:,}", "\n".join(run.lines))
    return table


if __name__ == "__main__":
    sys.exit(main())
