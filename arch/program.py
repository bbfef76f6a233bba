"""What the hardware reads: the sizes of a layer engine and the contents of its memories.

A :class:`Program` is made from mapping tables alone. It is the only thing that :mod:`hw` knows of a
network: memory words, as plain integers, and the widths that the generator needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from arch.fixed import BIAS_BITS, MULTIPLIER_BITS, SHIFT_MAX, accumulator_bits
from arch.geometry import Geometry
from arch.index_fields import index_fields, index_widths, input_mode, output_mode, range_bits
from arch.tables import LayerTable, MappingTables
from arch.words import Field, WordLayout

__all__ = ["POSITION_BITS", "EngineShape", "Program", "build_program"]

POSITION_BITS = 24
"""Width of the number of output positions of one command."""


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
        Words of the index memory and of the cell memory.
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
    skip_zero_planes : bool
        Planes in which every input bit of an OU is zero are not issued.
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
    skip_zero_planes: bool = False

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
                Field("first_ou", _bits(self.ous)),
                Field("last_ou", _bits(self.ous)),
                Field("empty", 1),
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


@dataclass(frozen=True, kw_only=True)
class Program:
    """The memories of a layer engine.

    Parameters
    ----------
    shape : EngineShape
        Sizes of the engine.
    names : tuple of str
        Names of the layers; the number of a layer is its place here.
    layer_words, index_words, cell_words, channel_words : tuple of int
        Contents of the memories, laid out as ``shape`` says.
    tables_sha256 : str
        Hash of the mapping tables.
    """

    shape: EngineShape
    names: tuple[str, ...]
    layer_words: tuple[int, ...]
    index_words: tuple[int, ...]
    cell_words: tuple[int, ...]
    channel_words: tuple[int, ...]
    tables_sha256: str

    @property
    def memories(self) -> dict[str, tuple[WordLayout, tuple[int, ...]]]:
        """Every memory by name: its word layout and its words."""
        shape = self.shape
        return {
            "layer": (shape.layer_layout, self.layer_words),
            "index": (shape.index_layout, self.index_words),
            "cells": (shape.cell_layout, self.cell_words),
            "channel": (shape.channel_layout, self.channel_words),
        }


def build_program(tables: MappingTables, *, skip_zero_planes: bool = False) -> Program:
    """Memory contents of the engine that runs ``tables``.

    OUs are issued in the order of the tables. A layer without OUs is issued as one OU whose inputs
    read as zero, since every output position must still give its outputs.

    Raises
    ------
    :exc:`ValueError`
        If the tables have no layer, or a layer needs an accumulator that is too wide.
    """
    if not tables.layers:
        raise ValueError("the tables have no layer")
    shape = replace(_shape(tables), skip_zero_planes=skip_zero_planes)
    layer_words: list[int] = []
    index_words: list[int] = []
    cell_words: list[int] = []
    channel_words: list[int] = []
    for table in tables.layers:
        layer_words.append(
            shape.layer_layout.pack(
                _layer_fields(table, shape, len(index_words), len(channel_words))
            )
        )
        index_words += _index_words(table, shape)
        cell_words += _cell_words(table, shape)
        channel_words += [
            shape.channel_layout.pack({"multiplier": multiplier, "shift": shift, "bias": bias})
            for multiplier, shift, bias in zip(
                table.multiplier.tolist(), table.shift.tolist(), table.bias.tolist(), strict=True
            )
        ]
    return Program(
        shape=shape,
        names=tuple(table.spec.name for table in tables.layers),
        layer_words=tuple(layer_words),
        index_words=tuple(index_words),
        cell_words=tuple(cell_words),
        channel_words=tuple(channel_words),
        tables_sha256=tables.sha256,
    )


def _bits(count: int) -> int:
    return max(1, range_bits(count))  # Verilog knows no signal without bits


def _shape(tables: MappingTables) -> EngineShape:
    geometry, layers = tables.geometry, tables.layers
    modes = [(input_mode(table), output_mode(table)) for table in layers]
    return EngineShape(
        geometry=geometry,
        # The modes of all layers share one memory: the general one, if any layer needs it.
        input_mode="list" if any(mode == "list" for mode, _ in modes) else "block",
        output_mode="list" if any(mode == "list" for _, mode in modes) else "group",
        layers=len(layers),
        ous=sum(max(1, table.ous) for table in layers),
        blocks=max(-(-table.spec.rows // geometry.ou_rows) for table in layers),
        outputs=max(table.spec.cols for table in layers),
        channels=sum(table.spec.cols for table in layers),
        acc_bits=max(accumulator_bits(geometry, _ous_per_output(table)) for table in layers),
        out_bits=max(out.bits + (not out.signed) for out in (t.spec.output for t in layers)),
    )


def _ous_per_output(table: LayerTable) -> int:
    counts = [0] * table.spec.cols
    for output in table.outputs.ravel().tolist():
        if output >= 0:
            counts[output] += 1
    return max(counts)


def _layer_fields(
    table: LayerTable, shape: EngineShape, first_ou: int, first_channel: int
) -> dict[str, int | Sequence[int]]:
    spec, out = table.spec, table.spec.output
    last_block = (spec.rows - 1) // shape.geometry.ou_rows
    return {
        "first_ou": first_ou,
        "last_ou": first_ou + max(1, table.ous) - 1,
        "empty": int(table.ous == 0),
        "last_block": last_block,
        "last_lanes": spec.rows - last_block * shape.geometry.ou_rows,
        "first_channel": first_channel,
        "last_output": spec.cols - 1,
        "signed": int(spec.activation.signed),
        "zero_point": out.zero_point,
        "minimum": out.minimum,
        "maximum": out.maximum,
    }


def _index_words(table: LayerTable, shape: EngineShape) -> list[int]:
    if not table.ous:
        return [0]
    fields = index_fields(
        table,
        shape.geometry,
        input_mode=shape.input_mode,
        output_mode=shape.output_mode,
        none_output=shape.outputs,
    )
    columns = {name: values.tolist() for name, values in fields.items()}
    layout = shape.index_layout
    return [
        layout.pack({name: values[n] for name, values in columns.items()}) for n in range(table.ous)
    ]


def _cell_words(table: LayerTable, shape: EngineShape) -> list[int]:
    if not table.ous:
        return [0]
    arrays = {"cells": table.cells.reshape(table.ous, -1).tolist()}
    if table.cells_negative is not None:
        arrays["cells_negative"] = table.cells_negative.reshape(table.ous, -1).tolist()
    layout = shape.cell_layout
    return [layout.pack({name: rows[n] for name, rows in arrays.items()}) for n in range(table.ous)]
