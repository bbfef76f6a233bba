"""Families of FPGAs: how their tools are called, and what their cells are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["ECP5", "ICE40", "Family"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs.

    Parameters
    ----------
    name : str
        As nextpnr has it.
    synthesis : str
        Command of Yosys, with its options, and without top and labels.
    flat : str
        Its label before which the modules are still there, as they were written.
    before_memories : str
        A command of Yosys before memories are mapped; empty for none.
    luts : mapping of str to int
        Look-up tables of four inputs that a cell takes: as logic, as carry chain, as memory.
    memory : str
        Cell that is memory in look-up tables; empty if there is none.
    flip_flops : tuple of str
        Cells that are a flip-flop.
    block_ram, multiplier : str
        Cells of these kinds.
    shared : bool
        A flip-flop is fed through the look-up table beside it.
    combinational : tuple of str
        Cells whose outputs follow from their inputs in the same cycle.
    logic : str
        What nextpnr calls its places for look-up tables.
    used : tuple of str
        What nextpnr counts of a placed design.
    pack : str
        Program that makes the bitstream.
    pack_options : tuple of str
        Its options.
    routed, bitstream : str
        Suffixes of what goes into it, and of what comes out.
    route_option, pin_option : str
        Options of nextpnr for the routed design, and for the file of pins.
    free_pins : tuple of str
        Options of nextpnr with which pins need no place.
    multiplier_ns : float
        What a multiplier without registers adds to a path that nextpnr ends at its inputs and
        begins anew at its outputs, as it knows no delay through it; 0 if nextpnr follows it.
    """

    name: str
    synthesis: str
    flat: str
    before_memories: str
    luts: Mapping[str, int]
    memory: str
    flip_flops: tuple[str, ...]
    block_ram: str
    multiplier: str
    shared: bool
    combinational: tuple[str, ...]
    logic: str
    used: tuple[str, ...]
    pack: str
    pack_options: tuple[str, ...]
    routed: str
    bitstream: str
    route_option: str
    pin_option: str
    free_pins: tuple[str, ...]
    multiplier_ns: float

    @property
    def nextpnr(self) -> str:
        """The placer of the family."""
        return f"nextpnr-{self.name}"

    @cached_property
    def fed(self) -> re.Pattern[str]:
        """Finds the flip-flop after which a cell is named, as it feeds it."""
        return re.compile(rf".*?_(?:{'|'.join(self.flip_flops)})_Q(?:_\d+)?")

    @cached_property
    def cell(self) -> re.Pattern[str]:
        """Finds where the name of a cell goes on behind that of its net."""
        kinds = {*self.flip_flops, *self.combinational, *self.luts, self.block_ram}
        kinds |= {self.multiplier}
        return re.compile(rf"_(?:{'|'.join(sorted(kinds - {''}, reverse=True))}|DO|DI)")


ECP5 = Family(
    name="ecp5",
    synthesis="synth_lattice -family ecp5",
    flat="coarse",
    before_memories="",
    luts={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
    memory="TRELLIS_DPR16X4",
    flip_flops=("TRELLIS_FF",),
    block_ram="DP16KD",
    multiplier="MULT18X18D",
    shared=False,
    combinational=("LUT4", "PFUMX", "L6MUX21", "CCU2C", "MULT18X18D"),
    logic="TRELLIS_COMB",
    used=("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D"),
    pack="ecppack",
    pack_options=("--compress",),
    routed="config",
    bitstream="bit",
    route_option="--textcfg",
    pin_option="--lpf",
    free_pins=("--lpf-allow-unconstrained",),
    multiplier_ns=0.0,
)
"""Lattice ECP5 and ECP5-5G."""
ICE40 = Family(
    name="ice40",
    synthesis="synth_ice40 -device u -dsp",
    flat="flatten",
    # There is no memory in look-up tables: a small one becomes flip-flops.
    before_memories="setattr -unset ram_style t:$mem_v2 a:ram_style=distributed %i",
    luts={"SB_LUT4": 1},
    memory="",
    flip_flops=tuple(
        f"SB_DFF{edge}{enable}{reset}"
        for edge in ("N", "")
        for enable in ("E", "")
        for reset in ("SR", "SS", "R", "S", "")
    ),
    block_ram="SB_RAM40_4K",
    multiplier="SB_MAC16",
    shared=True,
    combinational=("SB_LUT4", "SB_CARRY", "SB_MAC16"),
    logic="ICESTORM_LC",
    used=("ICESTORM_LC", "ICESTORM_RAM", "ICESTORM_DSP", "ICESTORM_SPRAM"),
    pack="icepack",
    pack_options=(),
    routed="asc",
    bitstream="bin",
    route_option="--asc",
    pin_option="--pcf",
    free_pins=(),
    multiplier_ns=20.0,  # an allowance: the data sheet has none for this use
)
"""Lattice iCE40 UltraPlus."""
