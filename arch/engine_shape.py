"""Sizes of a layer engine, and the layouts of its memories."""

from dataclasses import dataclass

from arch.crossbar_macro import MacroShape
from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX
from arch.geometry import Geometry
from arch.index_fields import index_widths, range_bits
from arch.tiles import tile_name
from arch.words import Field, WordLayout

__all__ = ["EMULATED_CONVERSION", "EngineShape"]

EMULATED_CONVERSION = 4
"""Cycles from a plane of the OU controller to its codes: emulated crossbar 3, ADC 1."""


@dataclass(frozen=True, kw_only=True)
class EngineShape:
    """Sizes of a layer engine: everything that changes its logic, nothing that it stores.

    Parameters
    ----------
    geometry : Geometry
        Crossbar and OU.
    input_mode : str
        ``block``: every OU reads one aligned block of ``ou_rows`` rows, so that an index is one
        number. ``list``: one number a word line.
    output_mode : str
        ``group``: every OU adds into one aligned group of ``ou_weights`` outputs. ``list``: one
        number a weight column.
    layers : int
        Layers in the program.
    ous : int
        Words of the index memory and of the cell memory of each tile.
    blocks : int
        Row blocks of the layer with the most rows.
    outputs : int
        Outputs of the layer with the most columns.
    channels : int
        Output channels of all layers together, the words of the requantisation memory.
    acc_bits : int
        Width of an accumulator.
    out_bits : int
        Width of a signed output that holds the outputs of every layer.
    macro : MacroShape, optional
        The crossbar macro around which the engine is built; None if the crossbar is emulated.
    skip_zero_planes : bool
        Planes in which every input bit of an OU is zero are not issued.
    loadable : bool
        The memories are written at run time, see :mod:`arch.load_image`; sizes are then capacities.
    layer_logic : bool
        What the engine needs to know of a layer is logic, no memory.
    """

    geometry: Geometry
    input_mode: str
    output_mode: str
    layers: int
    ous: int
    blocks: int
    outputs: int
    channels: int
    acc_bits: int
    out_bits: int
    macro: MacroShape | None = None
    skip_zero_planes: bool = False
    loadable: bool = False
    layer_logic: bool = False

    @property
    def tiles(self) -> int:
        """Datapaths that work side by side."""
        return self.geometry.tiles

    @property
    def conversion(self) -> int:
        """Cycles from a plane of the OU controller to its codes."""
        return EMULATED_CONVERSION if self.macro is None else self.macro.conversion

    @property
    def fetch_ports(self) -> int:
        """Read ports of the input buffer: enough to collect an OU while one is computed."""
        if self.input_mode == "block":
            return 1
        planes = 2 if self.skip_zero_planes else self.geometry.act_bits  # hardly any OU has fewer
        return -(-self.geometry.ou_rows // min(planes, self.geometry.act_bits))

    @property
    def fetch_steps(self) -> int:
        """Cycles in which the inputs of one OU are read, never more than ``act_bits``."""
        if self.input_mode == "block":
            return 1
        return -(-self.geometry.ou_rows // self.fetch_ports)

    @property
    def queue_ous(self) -> int:
        """OUs that wait between input fetch and OU controller; 0 without a queue."""
        return 16 if self.skip_zero_planes else 0  # what distributed memories hold at least

    @property
    def groups(self) -> int:
        """Output groups of the layer with the most columns."""
        return -(-self.outputs // self.geometry.ou_weights)

    @property
    def index_layout(self) -> WordLayout:
        """One index record, as the hardware reads it."""
        widths = index_widths(
            self.blocks * self.geometry.ou_rows,
            self.outputs,
            self.geometry,
            input_mode=self.input_mode,
            output_mode=self.output_mode,
        )
        return WordLayout(
            tuple(
                Field(name, max(1, bits), None if name in ("block", "group") else count)
                for name, (count, bits) in widths.items()
            )
        )

    @property
    def cell_layout(self) -> WordLayout:
        """The cells of one OU, row by row; the negative array in the upper half."""
        g = self.geometry
        names = ("cells", "cells_negative")[: g.arrays]
        return WordLayout(tuple(Field(name, g.cell_bits, g.ou_rows * g.ou_cols) for name in names))

    @property
    def channel_layout(self) -> WordLayout:
        """The requantisation of one output channel."""
        return WordLayout(
            (
                Field("multiplier", MULTIPLIER_BITS),
                Field("shift", _bits(SHIFT_MAX + 1)),
                Field("bias", BIAS_BITS, signed=True),
            )
        )

    @property
    def layer_layout(self) -> WordLayout:
        """What the engine needs to know of a layer."""
        return WordLayout(
            (
                # One entry a tile.
                Field("first_ou", _bits(self.ous), self.tiles),
                Field("last_ou", _bits(self.ous), self.tiles),
                Field("empty", 1, self.tiles),
                Field("last_block", _bits(self.blocks)),
                Field("last_lanes", _bits(self.geometry.ou_rows + 1)),
                Field("first_channel", _bits(self.channels)),
                Field("last_output", _bits(self.outputs)),
                Field("signed", 1),
                Field("zero_point", self.out_bits, signed=True),
                Field("minimum", self.out_bits, signed=True),
                Field("maximum", self.out_bits, signed=True),
            )
        )

    @property
    def tile_memories(self) -> dict[str, tuple[WordLayout, int]]:
        """Memories that every tile has, by name: as :attr:`memories`."""
        index = {"index": (self.index_layout, self.ous)}
        if self.macro is None:
            return index | {"cells": (self.cell_layout, self.ous)}
        return index | {"slot": (self.macro.slot_layout, self.ous)}

    @property
    def memories(self) -> dict[str, tuple[WordLayout, int]]:
        """Every memory for tables by name: the layout of its words, and how many it holds.

        Those of tiles have the number of the tile behind their name, if there are several.
        """
        layer = {} if self.layer_logic else {"layer": (self.layer_layout, self.layers)}
        return {
            **layer,
            **{
                tile_name(name, tile, self.tiles): memory
                for tile in range(self.tiles)
                for name, memory in self.tile_memories.items()
            },
            "channel": (self.channel_layout, self.channels),
        }


def _bits(count: int) -> int:
    return max(1, range_bits(count))  # Verilog knows no signal without bits
