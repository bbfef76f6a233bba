"""Faults on the host link, in RTL: ``python -m bench.link_faults --cases 2080 --seed 1``.

A small network with its link runs under Verilator, the driver itself is at the other end of the
wires. Exit status 1 if a result was wrong, something went on for ever, or did not work again when
the line did.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.link_shape import LinkShape
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.fault_case import FaultResult
from cosim.link_faults import try_faults
from hw.link.emit_link import write_link
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

__all__ = ["LINK", "campaign"]

LINK = LinkShape(
    clock_hz=1_000_000,
    baud=250_000,
    payload_max=64,
    image_bytes=256,
    results=64,
    idle_bits=64,
)
"""As small as a link can be: many frames for little, and little time in silence."""
_BUILDS = Path(__file__).parents[1] / "sim_build"


def main() -> int:
    """Run the campaign that the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2080, help="faults in all (2080)")
    parser.add_argument("--seed", type=int, default=1, help="decides every fault (1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first fault (0)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        results = campaign(Path(place), cases=chosen.cases, seed=chosen.seed, first=chosen.first)
    console = Console(width=160)
    console.print(_table(results))
    problems = [result.problem for result in results if result.problem]
    for problem in problems:
        console.print(problem, markup=False)
    return int(bool(problems) or len(results) != chosen.cases)


def campaign(
    directory: Path, *, cases: int, seed: int, first: int = 0, builds: Path = _BUILDS
) -> Sequence[FaultResult]:
    """Results of so many faults, in a directory that is there.

    Parameters
    ----------
    first : int
        Number of the first fault.
    builds : Path
        Where simulators are built, and found again.
    """
    geometry = Geometry()
    tables = save(map_network(residual_network(geometry), geometry), directory / "tables")
    (directory / "verilog").mkdir()
    program = build_network_program(tables, capacity=Capacity())
    write_link(program, LINK, directory / "verilog")
    images = np.random.default_rng(seed).integers(-128, 128, (3, *program.steps[0].result.shape))
    return try_faults(
        directory / "tables",
        directory / "verilog",
        images,
        directory / "simulation",
        build_root=builds,
        cases=cases,
        first=first,
        seed=seed,
    ).runs


def _table(results: Sequence[FaultResult]) -> Table:
    table = Table("fault", *("cases", "right", "errors", "problems"), "happened", "repeats", "anew")
    groups = defaultdict(list)
    for result in results:
        groups[result.fault].append(result)
    groups["all"] = list(results)
    for name, group in groups.items():
        kinds = Counter("problem" if result.problem else result.outcome for result in group)
        counts = [kinds[kind] for kind in ("right", "error", "problem")]
        sums = [sum(getattr(r, field) for r in group) for field in ("faults", "repeats", "tries")]
        table.add_row(name, *map(str, (len(group), *counts, *sums)))
    clocks, seconds = sum(r.clocks for r in results), sum(r.seconds for r in results)
    longest = max((r.clocks for r in results), default=0)
    table.caption = f"{clocks:,} cycles, at most {longest:,} of a fault; {seconds:.0f} s"
    return table


if __name__ == "__main__":
    sys.exit(main())
