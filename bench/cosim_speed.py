"""Simulated cycles per second: the cosimulation of a layer beside a bare C++ loop.

Both run the same Verilog of the same layer under the same Verilator with the same optimisation, in
turn, round after round. The cosimulation also reads inputs from a file, writes every output to
another, and is watched by cocotb; the bare loop does none of that. The fastest round of each
counts: other work on the machine only ever slows one down.

Run ``python -m bench.cosim_speed --help`` from the repository's root.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from arch.geometry import Geometry
from arch.layer import SCHEMES
from arch.program import build_program
from arch.table_files import save
from arch.tables import MappingTables
from bench.bare_model import BareModel
from bench.random_layer import random_layer
from cosim.cosimulation import STALLS
from cosim.layers import cosimulate_layers
from hw.emit import TOP, write_verilog
from sw.mapping import map_layer

ROWS, COLS, KEPT = 288, 32, 0.3
"""The third convolution of the digits network, pruned to 30 %."""


def make_layer(scheme: str, geometry: Geometry) -> MappingTables:
    """One random layer of that size."""
    rng = np.random.default_rng(0)
    layer = random_layer((ROWS, COLS), scheme, 1 - KEPT, geometry, rng)
    return MappingTables(name="bench", geometry=geometry, layers=(map_layer(layer, geometry),))


def measure(scheme: str, directory: Path, positions: int, rounds: int) -> dict[str, Any]:
    """Cycles per second of each contender in every round, for one sparsity structure."""
    tables = save(make_layer(scheme, Geometry()), directory / "tables")
    program = build_program(tables)
    verilog = directory / "verilog"
    verilog.mkdir()
    write_verilog(program, verilog)
    bare = BareModel(verilog, TOP, "bare_layer.cpp", directory / "bare")
    beat_bits = program.shape.geometry.act_bits * program.shape.geometry.ou_rows
    command = positions << max(1, (program.shape.layers - 1).bit_length())
    windows = np.random.default_rng(1).integers(0, 256, (positions, ROWS))
    rates: dict[str, list[float]] = {"bare loop": [], "cosimulation": [], "with stalls": []}
    for _ in track(range(rounds), description=scheme, transient=True):
        for name, stall in (("cosimulation", 0), ("with stalls", max(STALLS["random"]))):
            done = cosimulate_layers(
                directory / "tables",
                verilog,
                {"layer": windows},
                directory / "simulation",
                build_root=directory,
                stalls=(stall,),
                resets=False,
            )
            if done.problems:
                raise SystemExit(done.problems[0])
            rates[name].append(done.cycles_per_second)
            clocks = done.runs[0].clocks
        rates["bare loop"].append(bare.cycles_per_second(command, clocks, beat_bits))
    return {"structure": scheme, "cycles": clocks, "rates": rates}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--positions", type=int, default=2000, help="output positions a run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    results = []
    for scheme in SCHEMES:
        with tempfile.TemporaryDirectory() as directory:
            results.append(measure(scheme, Path(directory), options.positions, options.rounds))
    table = Table("structure", "contender", "cycles/s, fastest round", "share of the bare loop")
    for result in results:
        rates = result["rates"]
        bare = max(rates["bare loop"])
        for name, values in rates.items():
            rate = max(values)
            table.add_row(result["structure"], name, f"{rate:,.0f}", f"{rate / bare:.2f}")
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
