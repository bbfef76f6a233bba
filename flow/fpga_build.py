"""A bitstream for a board from the tables of a run directory."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from arch.atomic_directory import replace_directory
from arch.errors import CheckFailed, InputError, ToolError
from arch.link_shape import LinkShape
from arch.network_program import NetworkProgram, build_network_program
from arch.table_files import load
from arch.validate import validate
from flow.fpga_fit import check_fit
from flow.fpga_report import fpga_report
from flow.json_file import write_json
from flow.run_hardware import run_hardware
from flow.tables_path import tables_of
from hw.fpga.board_clock import BoardClock
from hw.fpga.boards import BOARDS
from hw.fpga.device import build_device

__all__ = ["REPORT", "FpgaOptions", "build_fpga", "fpga_directory"]

REPORT = "report.json"
"""What was made, and what it takes."""
_LOGS = "*.log"
_MHZ_MAX = 1e6
_TRACE_EVENTS = 1024
_SMALL_LINK = {"payload_max": 64, "image_bytes": 256, "results": 16}
"""Sizes of the link on a part where every look-up table counts."""


@dataclass(frozen=True, kw_only=True)
class FpgaOptions:
    """What is asked for.

    Parameters
    ----------
    board : str
        A key of :data:`hw.fpga.boards.BOARDS`.
    clock_mhz : str
        The clock of the engine, as a decimal number; that of the board if empty.
    baud : int
        Bits a second on the serial line.
    trace, probe : bool or None
        Whether the link has them; as the board has room if None.
    seed : int
        Seed of the placer.
    """

    board: str
    clock_mhz: str = ""
    baud: int = 1_000_000
    trace: bool | None = None
    probe: bool | None = None
    seed: int = 1


def fpga_directory(directory: Path, board: str) -> Path:
    """Where the files of a board are."""
    return directory / "fpga" / board


def build_fpga(
    directory: Path, options: FpgaOptions, *, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Make the bitstream, and its report, which is returned.

    It is written as a whole; a bitstream that was there before stays until then. If the clock does
    not hold, or the tools refuse the design, none is left.

    Parameters
    ----------
    directory : Path
        A run directory.
    tell : callable
        Told what begins.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are no tables, the clock cannot be made, or the part is too small.
    :exc:`arch.errors.ToolError`
        If a tool is missing or fails.
    :exc:`arch.errors.CheckFailed`
        If the clock does not hold; ``report.json`` says why.
    """
    board = BOARDS[options.board]
    tables = load(tables_of(directory))
    validate(tables_of(directory))
    hardware = run_hardware(directory)
    if hardware.crossbar == "macro":
        raise InputError(
            f"{directory} is for a crossbar macro, which no FPGA has: "
            "run it with hardware.crossbar: emulated"
        )
    program = build_network_program(tables, **hardware.network_built_as)
    clock = _clock(options)
    link = _link(options, clock)
    check_fit(tables, hardware, program.shape, link, board.part)
    target = fpga_directory(directory, options.board)
    try:
        with replace_directory(target) as output, tempfile.TemporaryDirectory() as work:
            report = _build(program, link, options, clock, output, Path(work), tell)
    except (CheckFailed, InputError, ToolError):
        shutil.rmtree(target, ignore_errors=True)  # it is not of this design
        raise
    if not report["clock"]["holds"]:
        path = report["critical_path"]
        ends = [f"{hop['component'] or 'the top'} ({hop['signal']})" for hop in path]
        raise CheckFailed(
            f"{report['clock']['mhz']:g} MHz do not hold on {board.title}, "
            f"{report['clock']['fmax_mhz']:.1f} MHz do: from {ends[0]} to {ends[-1]}: "
            f"no bitstream; see {target / REPORT}"
        )
    return report


def _clock(options: FpgaOptions) -> BoardClock:
    board = BOARDS[options.board]
    try:
        wanted = _mhz(options.clock_mhz) if options.clock_mhz else board.clock_mhz
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"--clock is {options.clock_mhz}, which is no number of MHz") from error
    try:
        return BoardClock(board, wanted)
    except ValueError as error:
        raise InputError(f"--clock: {error}") from error


def _mhz(text: str) -> Fraction:
    """A number as it is written, exactly; raises ValueError if it is none, or none of MHz."""
    if not 0 < float(text) <= _MHZ_MAX:  # nor what is no number, or has a million digits
        raise ValueError(text)
    return Fraction(text)


def _link(options: FpgaOptions, clock: BoardClock) -> LinkShape:
    small = BOARDS[options.board].small
    sizes = _SMALL_LINK if small else {}
    trace = not small if options.trace is None else options.trace
    probe = not small if options.probe is None else options.probe
    try:
        return LinkShape(
            clock_hz=round(clock.clock_mhz * 10**6),
            baud=options.baud,
            trace_events=_TRACE_EVENTS if trace else 0,
            probe=probe,
            **sizes,
        )
    except ValueError as error:
        raise InputError(f"--baud: {error}") from error


def _build(
    program: NetworkProgram,
    link: LinkShape,
    options: FpgaOptions,
    clock: BoardClock,
    output: Path,
    work: Path,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    board = BOARDS[options.board]
    device = build_device(
        program,
        link,
        board,
        clock,
        output,
        work,
        name=options.board,
        seed=options.seed,
        tell=tell,
    )
    for log in work.glob(_LOGS):
        shutil.copy(log, output / log.name)
    report = fpga_report(program, link, board, clock, device, name=options.board, seed=options.seed)
    write_json(output / REPORT, report)
    return report
