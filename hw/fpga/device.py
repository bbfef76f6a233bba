"""Device: a bitstream of an engine with a host link for a board, and what it takes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw.fpga.board_clock import BoardClock
from hw.fpga.board_top import DEVICE, TOP, board_files
from hw.fpga.boards import Board
from hw.fpga.placement import Placement, place
from hw.fpga.synthesis import Synthesis, synthesise_sources
from hw.fpga.tool import run_tool
from hw.link.emit_link import LINK_TOP, write_link

__all__ = ["BITSTREAM", "Device", "build_device"]

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
    for file, text in board_files(board, clock, module=LINK_TOP).items():
        place_of = work if file.endswith(".il") else output
        (place_of / file).write_text(text)
    pins = f"{TOP}.{board.pins}"
    for file in (f"{LINK_TOP}.v", pins):
        (work / file).write_bytes((output / file).read_bytes())
    tell("synthesis")
    synthesis = synthesise_sources(
        (f"{LINK_TOP}.v", f"{TOP}.il"),
        work,
        top=LINK_TOP,
        family=board.family,
        wrapper=TOP,
        engine=DEVICE,
    )
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
