"""The command ``ohmforge fpga``."""

import time
from contextlib import nullcontext
from typing import Annotated

import typer

from flow.console import err, print_json, print_wide, say, tell
from flow.options import Json, RunPath
from flow.signals import ended_by_signals

__all__ = ["EXAMPLES", "fpga"]

EXAMPLES = """\
Examples:

\b
ohmforge fpga runs/digits --board ulx3s
ohmforge fpga runs/digits --board ulx3s-85f --clock 80 --seed 2
ohmforge fpga runs/icebreaker --board icebreaker --json
"""
"""What ``--help`` closes with."""


def fpga(
    directory: RunPath,
    board: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="ulx3s-85f, ecpix5-85f or icebreaker; ulx3s and ecpix5 will do."
        ),
    ],
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="MHZ", help="Clock of the engine; one that the board is known for if not given."
        ),
    ] = None,
    baud: Annotated[
        int, typer.Option(metavar="N", help="Bits a second on the serial line.")
    ] = 1_000_000,
    trace: Annotated[
        bool | None,
        typer.Option("--trace/--no-trace", help="An event trace; on large parts if not given."),
    ] = None,
    probe: Annotated[
        bool | None,
        typer.Option("--probe/--no-probe", help="A probe; on large parts if not given."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Where the placer begins; another may be faster.")
    ] = 1,
    json: Json = False,
) -> None:
    """Make a bitstream for a board: synthesis, placement, routing, at a clock that must hold.

    The engine is that of the run, with its host link. Everything goes to DIR/fpga/NAME. What does
    not fit is said before synthesis. If the clock does not hold no bitstream is left.
    """
    from arch.errors import InputError
    from flow.fpga_build import FpgaOptions, build_fpga, fpga_directory
    from flow.fpga_report import fpga_lines, fpga_tables
    from hw.fpga.boards import BOARDS

    boards = [name for name in BOARDS if board in (name, name.partition("-")[0])]
    if len(boards) != 1:
        raise InputError(f"--board must be one of {', '.join(BOARDS)}, not {board}")
    (board,) = boards
    options = FpgaOptions(
        board=board, clock_mhz=clock or "", baud=baud, trace=trace, probe=probe, seed=seed
    )
    begun = time.monotonic()

    def told(what: str) -> None:
        tell(f"{time.monotonic() - begun:6.0f} s  {what}")

    console = err()
    busy = console.status("at work") if console.is_terminal else nullcontext()
    with ended_by_signals(), busy:
        report = build_fpga(directory, options, tell=told)
    if json:
        print_json(report)
        return
    for table in fpga_tables(report):
        print_wide(table)
    for line in fpga_lines(report):
        say(line)
    place = fpga_directory(directory, board) / report["bitstream"]["file"]
    say(f"to try it: openFPGALoader -b {BOARDS[board].loader} {place}")
    say(f"to keep it: openFPGALoader -b {BOARDS[board].loader} -f {place}")
