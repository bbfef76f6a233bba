"""What the hardware reads: the sizes of a layer engine and the contents of its memories.

A :class:`Program` is made from mapping tables alone. It is the only thing that :mod:`hw` knows of a
network: memory words, as plain integers, and the widths that the generator needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from arch.capacity import check_fits
from arch.crossbar_macro import MacroShape, count_crossbars, macro_words
from arch.engine_shape import EngineShape
from arch.fixed import accumulator_bits
from arch.index_fields import index_fields, input_mode, output_mode
from arch.tables import LayerTable, MappingTables
from arch.words import WordLayout

__all__ = ["POSITION_BITS", "Program", "build_program", "needed_shape"]

POSITION_BITS = 24
"""Width of the number of output positions of one command."""


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
        Contents of the memories, laid out as ``shape`` says; with a crossbar macro there is no cell
        memory in the engine, and ``cell_words`` are the word lines of its crossbars.
    slot_words : tuple of int
        With a crossbar macro, where each OU lies in it.
    tables_sha256 : str
        Hash of the mapping tables.
    """

    shape: EngineShape
    names: tuple[str, ...]
    layer_words: tuple[int, ...]
    index_words: tuple[int, ...]
    cell_words: tuple[int, ...]
    channel_words: tuple[int, ...]
    slot_words: tuple[int, ...] = ()
    tables_sha256: str

    @property
    def memories(self) -> dict[str, tuple[WordLayout, tuple[int, ...]]]:
        """Every memory by name: its word layout and its words."""
        words = {
            "layer": self.layer_words,
            "index": self.index_words,
            "cells": self.cell_words,
            "slot": self.slot_words,
            "channel": self.channel_words,
        }
        layouts = self.shape.memories
        return {name: (layout, words[name]) for name, (layout, _) in layouts.items()}

    def contents(self, name: str) -> tuple[int, ...] | int:
        """What a memory is made of: its words, or the number of those that it can be given."""
        _, words = self.memories[name]
        return self.shape.memories[name][1] if self.shape.loadable else words


def build_program(
    tables: MappingTables,
    *,
    macro_latency: int | None = None,
    skip_zero_planes: bool = False,
    shape: EngineShape | None = None,
) -> Program:
    """Memory contents of the engine that runs ``tables``.

    OUs are issued in the order of the tables. A layer without OUs is issued as one OU whose inputs
    read as zero, since every output position must still give its outputs.

    Parameters
    ----------
    macro_latency : int, optional
        Build the engine around a crossbar macro that takes so many cycles from a sample to its
        codes; the crossbar is emulated without.
    skip_zero_planes : bool
        As in :class:`arch.engine_shape.EngineShape`.
    shape : EngineShape, optional
        The engine to pack for, which the tables must fit; the smallest that does unless given. What
        it is built as then counts, not the other arguments.

    Raises
    ------
    :exc:`ValueError`
        If the tables have no layer, a layer needs an accumulator that is too wide, the latency is
        out of range, or OUs do not lie in slots of their own where a macro has to find them.
    :exc:`arch.errors.InputError`
        If the tables do not fit ``shape``; it says what is short, and by how much.
    """
    if not tables.layers:
        raise ValueError("the tables have no layer")
    if shape is None:
        shape = needed_shape(tables, macro_latency, skip_zero_planes=skip_zero_planes)
    else:
        latency = None if shape.macro is None else shape.macro.latency
        needed = needed_shape(tables, latency, skip_zero_planes=shape.skip_zero_planes)
        check_fits(needed, shape)
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
        cell_words += [] if shape.macro else _cell_words(table, shape)
        channel_words += [
            shape.channel_layout.pack({"multiplier": multiplier, "shift": shift, "bias": bias})
            for multiplier, shift, bias in zip(
                table.multiplier.tolist(), table.shift.tolist(), table.bias.tolist(), strict=True
            )
        ]
    slots, lines = macro_words(tables, shape.macro) if shape.macro else ((), ())
    return Program(
        shape=shape,
        names=tuple(table.spec.name for table in tables.layers),
        layer_words=tuple(layer_words),
        index_words=tuple(index_words),
        cell_words=lines or tuple(cell_words),
        channel_words=tuple(channel_words),
        slot_words=slots,
        tables_sha256=tables.sha256,
    )


def needed_shape(
    tables: MappingTables, macro_latency: int | None, *, skip_zero_planes: bool
) -> EngineShape:
    """The smallest engine that runs ``tables``; arguments as of :func:`build_program`."""
    geometry, layers = tables.geometry, tables.layers
    macro = None
    if macro_latency is not None:
        crossbars = count_crossbars(tables)
        macro = MacroShape(geometry=geometry, crossbars=crossbars, latency=macro_latency)
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
        macro=macro,
        skip_zero_planes=skip_zero_planes,
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
