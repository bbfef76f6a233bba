"""Simulation after synthesis: the netlist of an engine for ECP5 beside its Verilog.

The mapping tables of a run become Verilog, and that a netlist. Both run under Verilator on images
of the test split, without and with stalls and after a reset, and are compared with the golden
model. Exit status 1 if either differs from it, or one from the other, in a value or a cycle.

Run ``python -m bench.netlist --help`` from the repository's root.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.errors import InputError, OhmforgeError
from arch.host import run_order
from arch.known_images import read_known_images
from arch.network_program import build_network_program, plan_steps
from arch.program import build_program
from arch.table_files import load, save
from cosim.cosimulation import Cosimulation
from cosim.golden import GoldenNetwork
from cosim.layers import cosimulate_layers
from cosim.netlist import write_netlist
from cosim.networks import cosimulate_network
from flow.stages.map import TABLES
from flow.stages.quantise import IMAGES
from hw.emit import write_verilog

__all__ = ["AfterSynthesis", "compare", "compare_layer", "compare_network"]

_BUILDS = Path(__file__).parents[1] / "sim_build"
Simulate = Callable[[Path, Path], Cosimulation[Any]]
"""Simulates what is in a directory of Verilog, in another directory."""


@dataclass(frozen=True, kw_only=True)
class AfterSynthesis:
    """What an engine did before and after synthesis.

    Parameters
    ----------
    cells : mapping of str to int
        How many the netlist has of each kind.
    verilog, netlist : Cosimulation
        What each showed.
    """

    cells: Mapping[str, int]
    verilog: Cosimulation[Any]
    netlist: Cosimulation[Any]

    @property
    def problems(self) -> Sequence[str]:
        """What differs, one line each; empty if everything is alike."""
        told = [*self.verilog.problems, *self.netlist.problems]
        before, after = (
            [replace(run, seconds=0.0) for run in side.runs]
            for side in (self.verilog, self.netlist)
        )
        return told if told or before == after else ["the netlist is not what its Verilog is"]


def compare(verilog: Path, directory: Path, simulate: Simulate) -> AfterSynthesis:
    """Simulate the engine in ``verilog``, and what synthesis makes of it.

    Parameters
    ----------
    verilog : Path
        Directory that :func:`hw.emit.write_verilog` filled.
    directory : Path
        Where the netlist goes, and what the simulations write; it must exist.
    simulate : callable
        Runs one simulation.
    """
    netlist = write_netlist(verilog, directory / "netlist", directory / "synthesis")
    return AfterSynthesis(
        cells=netlist.cells,
        verilog=simulate(verilog, directory / "before"),
        netlist=simulate(netlist.directory, directory / "after"),
    )


def compare_network(
    tables_path: Path, images: np.ndarray, directory: Path, *, builds: Path = _BUILDS
) -> AfterSynthesis:
    """Compare the network engine of tables, on images, int array of shape (n, C, H, W)."""
    verilog = directory / "verilog"
    verilog.mkdir()
    write_verilog(build_network_program(load(tables_path)), verilog)

    def simulate(engine: Path, place: Path) -> Cosimulation[Any]:
        return cosimulate_network(tables_path, engine, images, place, build_root=builds)

    return compare(verilog, directory, simulate)


def compare_layer(
    tables_path: Path,
    layer: str,
    images: np.ndarray,
    directory: Path,
    *,
    builds: Path = _BUILDS,
) -> AfterSynthesis:
    """Compare an engine of one layer, on what it reads of images at all output positions.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such layer.
    """
    network = load(tables_path)
    layers = {table.spec.name: table for table in network.layers}
    if layer not in layers:
        raise InputError(f"layer must be one of {', '.join(layers)}, not {layer!r}")
    golden = GoldenNetwork(network)
    windows = golden.inputs(layer, images, golden.run(images))
    own = directory / "tables"
    tables = save(replace(network, layers=(layers[layer],), host=()), own)
    verilog = directory / "verilog"
    verilog.mkdir()
    write_verilog(build_program(tables), verilog)

    def simulate(engine: Path, place: Path) -> Cosimulation[Any]:
        return cosimulate_layers(own, engine, {layer: windows}, place, build_root=builds)

    return compare(verilog, directory, simulate)


def _first_images(run: Path, number: int) -> np.ndarray:
    """The first images of the test split, as the network of a run reads them."""
    tables = load(run / "map" / TABLES)
    steps, _ = plan_steps(run_order([table.spec for table in tables.layers], tables.host))
    form = next(form for step in steps for form in step.activations)
    path = run / "quantise" / IMAGES
    codes, _ = read_known_images(path, steps[0].result.shape, signed=form.signed)
    if not 1 <= number <= len(codes):
        raise InputError(f"images must be 1 to {len(codes)}, not {number}")
    return codes[:number]


def _print(done: AfterSynthesis, console: Console) -> None:
    console.print(", ".join(f"{count:,} {kind}" for kind, count in done.cells.items()))
    titles = ("", "run", "values", "wrong", "cycles", "cycles/s")
    table = Table(*titles)
    for column in table.columns[2:]:
        column.justify = "right"
    for name, side in (("Verilog", done.verilog), ("netlist", done.netlist)):
        for run in side.runs:
            how = "after a reset" if run.after_reset else f"stalls {run.stall}/256"
            rate = run.clocks / max(1e-9, run.seconds)
            counts = (run.compared, run.mismatches, run.clocks, round(rate))
            table.add_row(name, how, *(f"{count:,}" for count in counts))
    console.print(table)
    for problem in done.problems:
        console.print(problem, markup=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare what the command line names; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.netlist", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory, at least up to the stage map")
    parser.add_argument("--layer", help="an engine of this layer alone (the whole network)")
    parser.add_argument("--images", type=int, default=1, help="of the test split (1)")
    chosen = parser.parse_args(arguments)
    tables = chosen.run / "map" / TABLES
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as place:
        try:
            images = _first_images(chosen.run, chosen.images)
            if chosen.layer:
                done = compare_layer(tables, chosen.layer, images, Path(place))
            else:
                done = compare_network(tables, images, Path(place))
        except OhmforgeError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_status
    _print(done, console)
    return int(bool(done.problems))


if __name__ == "__main__":
    sys.exit(main())
