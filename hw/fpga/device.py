"""Device: a bitstream of an engine with a host link for a board, and what it takes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arch.errors import InputError
from arch.fpga_parts import FPGA_PARTS
from hw.fpga.board_clock import BoardClock
from hw.fpga.board_top import DEVICE, TOP, board_files
from hw.fpga.boards import Board
from hw.fpga.placement import Placement, place
from hw.fpga.synthesis import Synthesis, synthesise_sources
from hw.fpga.tool import run_tool
from hw.link.emit_link import LINK_TOP, write_link

__all__ = ["BITSTREAM", "Device", "build_device", "check_size", "implement"]

BITSTREAM = "bitstream"
"""Name of the bitstream, without the suffix of its family."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """What was made.

    Parameters
    ----------
    synthesis : Synthesis
        The netlist, with the components of the engine and its link.
    placement : Placement
        Where it lies, and the clock that holds.
    bitstream : Path or None
        The bitstream; None if the clock does not hold.
    """

    synthesis: Synthesis
    placement: Placement
    bitstream: Path | None

    @property
    def sha256(self) -> str:
        """Hash of the bitstream."""
        return hashlib.sha256(self.bitstream.read_bytes()).hexdigest() if self.bitstream else ""


def build_device(
    program,
    link,
    board: Board,
    clock: BoardClock,
    output: Path,
    work: Path,
    *,
    name: str,
    seed: int,
    tell: Callable[[str], None],
) -> Device:
    """Generate, synthesise, place and route an engine for a board; pack it if its clock holds.

    The same arguments give the same bitstream.

    Parameters
    ----------
    program : arch.network_program.NetworkProgram
        The engine.
    link : arch.link_shape.LinkShape
        Its host link; ``clock_hz`` is that of ``clock``.
    output : Path
        Where Verilog, names, constraints and bitstream go.
    work : Path
        Where netlist, routed design, reports and logs go.
    name : str
        What the board is called in ``link.json``.
    seed : int
        Seed of the placer.
    tell : callable
        Told what begins.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If a tool is missing or fails, as it does if the part is too small.
    :exc:`arch.errors.CheckFailed`
        If the netlist is wrong, see :func:`hw.fpga.synthesis.synthesise`.
    """
    tell("Verilog")
    write_link(program, link, output, board=name)
    return implement(board, clock, output, work, module=LINK_TOP, seed=seed, tell=tell)


def implement(
    board: Board,
    clock: BoardClock,
    output: Path,
    work: Path,
    *,
    module: str,
    seed: int,
    tell: Callable[[str], None],
) -> Device:
    """Synthesise, place and route a module for a board; pack it if its clock holds.

    Parameters
    ----------
    output : Path
        Where the Verilog of the module is, and constraints and bitstream go.
    module : str
        The module, with ports as :class:`hw.fpga.board_top.BoardTop` has them.
    board, clock, work, seed, tell
        As in :func:`build_device`, and likewise what is raised.
    """
    for file, text in board_files(board, clock, module=module).items():
        (work / file if file.endswith(".il") else output / file).write_text(text)
    pins = f"{TOP}.{board.pins}"
    for file in (f"{module}.v", pins):
        (work / file).write_bytes((output / file).read_bytes())
    tell("synthesis")
    synthesis = synthesise_sources(
        (f"{module}.v", f"{TOP}.il"),
        work,
        top=module,
        family=board.family,
        wrapper=TOP,
        engine=DEVICE,
    )
    check_size(synthesis.netlist, FPGA_PARTS[board.part])
    tell("place and route")
    routed = f"{TOP}.{board.family.routed}"
    placement = place(
        synthesis,
        work,
        part=board.device,
        clock_mhz=float(clock.clock_mhz),
        pins=pins,
        routed=routed,
        seed=seed,
    )
    if not placement.holds:
        return Device(synthesis=synthesis, placement=placement, bitstream=None)
    tell("bitstream")
    family = board.family
    packed = f"{BITSTREAM}.{family.bitstream}"
    run_tool(f"yowasp-{family.pack}", [*family.pack_options, routed, packed], work)
    (work / packed).replace(output / packed)
    return Device(synthesis=synthesis, placement=placement, bitstream=output / packed)


def check_size(netlist, part):
    """Refuse a netlist that a part has no room for: sooner, and in clearer words, than the placer.

    Raises
    ------
    :exc:`arch.errors.InputError`
        With the resource, how much is needed and how much is there.
    """
    total = netlist.total()
    needs = (
        ("logic cells", netlist.logic_cells(), part.luts),
        ("block RAMs", total.block_rams, part.blocks),
        ("multipliers", total.multipliers, part.multipliers),
    )
    short = [
        f"{needed:,} {name} needed after synthesis, {there:,} there"
        for name, needed, there in needs
        if needed > there
    ]
    if short:
        raise InputError(f"does not fit {part.title}: {'; '.join(short)}")
