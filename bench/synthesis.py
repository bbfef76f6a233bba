"""Look-up tables, memories and clock of a network engine on an ECP5, component by component.

The mapping tables of a finished run become Verilog with the hardware that is asked for; Yosys and
nextpnr make a placed and routed design of it. A clock that does not hold is an error.

Run ``python -m bench.synthesis --help`` from the repository's root.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from arch.capacity import Capacity
from arch.crossbar_macro import MACRO_LATENCY
from arch.errors import OhmforgeError
from arch.network_program import build_network_program
from arch.table_files import load
from hw.emit import write_verilog
from hw.fpga.placement import PARTS, Placement, place
from hw.fpga.synthesis import Synthesis, synthesise

TABLES = Path("map", "tables")
"""Where a run directory has its mapping tables."""


def megahertz(text: str) -> float:
    """A clock that can hold; argparse turns the error into a line."""
    clock = float(text)
    if not 0 < clock < float("inf"):
        raise ValueError(f"clock must be positive, not {text}")
    return clock


def print_blocks(console: Console, synthesis: Synthesis) -> None:
    """Print what each component takes, and what the memories became."""
    table = Table(title="by component")
    table.add_column("component")
    for column in ("LUT4", "of them memory", "flip-flops", "block RAM", "multipliers"):
        table.add_column(column, justify="right")
    for block in (*synthesis.netlist.blocks(), synthesis.netlist.total()):
        sizes = (
            block.luts,
            block.memory_luts,
            block.flip_flops,
            block.block_rams,
            block.multipliers,
        )
        table.add_row(block.name or "all of the engine", *(f"{size:,}" for size in sizes))
    console.print(table)
    memories = Table(title="memories")
    for column in ("memory", "block RAM", "16 x 4 in look-up tables"):
        memories.add_column(column, justify="left" if column == "memory" else "right")
    for memory in synthesis.memories:
        memories.add_row(memory.name, str(memory.block_rams), str(memory.memory_luts))
    console.print(memories)


def print_placement(console: Console, placement: Placement) -> None:
    """Print the clock that holds, and the path that limits it."""
    used = ", ".join(f"{count:,} {cell}" for cell, count in placement.used.items())
    console.print(
        f"{placement.part}: {placement.fmax_mhz:.1f} MHz, {placement.clock_mhz:g} asked; {used}"
    )
    table = Table(title="longest path")
    for column in ("component", "signal", "cells", "logic ns", "routing ns"):
        table.add_column(column, justify="left" if column in ("component", "signal") else "right")
    for hop in placement.path:
        delays = (f"{hop.logic:.2f}", f"{hop.routing:.2f}")
        table.add_row(hop.component or "(top)", hop.signal, str(hop.cells), *delays)
    console.print(table)


def measure(chosen: argparse.Namespace, work: Path, console: Console) -> None:
    """Generate, synthesise and place what was chosen; raise if the clock does not hold."""
    program = build_network_program(
        load(chosen.run / TABLES),
        skip_zero_planes=chosen.skip,
        macro_latency=MACRO_LATENCY if chosen.crossbar == "macro" else None,
        capacity=Capacity() if chosen.loadable else None,
    )
    verilog = work / "verilog"
    verilog.mkdir()
    write_verilog(program, verilog)
    synthesis = synthesise(verilog, work, family=PARTS[chosen.size].family)
    print_blocks(console, synthesis)
    if chosen.place:
        placement = place(synthesis, work, part=PARTS[chosen.size], clock_mhz=chosen.clock)
        print_placement(console, placement)
        placement.hold()


def main(arguments: list[str] | None = None) -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.synthesis", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory, at least up to the stage map")
    parser.add_argument(
        "--skip", action=argparse.BooleanOptionalAction, default=True, help="skip zero planes (yes)"
    )
    parser.add_argument("--crossbar", choices=("emulated", "macro"), default="emulated")
    parser.add_argument(
        "--loadable", action="store_true", help="tables are loaded, as many as these"
    )
    parser.add_argument("--clock", type=megahertz, default=80.0, help="MHz that must hold (80)")
    parser.add_argument("--size", choices=tuple(PARTS), default="85k", help="part (85k)")
    parser.add_argument(
        "--place", action=argparse.BooleanOptionalAction, default=True, help="place and route (yes)"
    )
    chosen = parser.parse_args(arguments)
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as work:
        try:
            measure(chosen, Path(work), console)
        except OhmforgeError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
