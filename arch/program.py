"""What the hardware reads: the sizes of a layer engine and the contents of its memories.

A :class:`Program` is made from mapping tables alone. It is the only thing that :mod:`hw` knows of a
network: memory words, as plain integers, and the widths that the generator needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arch.capacity import check_fits
from arch.crossbar_macro import MacroShape, count_crossbars, macro_words
from arch.engine_shape import EngineShape
from arch.index_fields import index_fields
from arch.layer_needs import engine_shape, needs_of_table
from arch.tables import LayerTable, MappingTables
from arch.tiles import ous_by_tile, tile_name
from arch.words import WordLayout

__all__ = ["POSITION_BITS", "Program", "build_program", "needed_shape", "tile_name"]

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
    layer_words, channel_words : tuple of int
        Contents of the memories that are there once, laid out as ``shape`` says.
    index_words, cell_words : tuple of tuple of int
        Contents of the memories of each tile; with a crossbar macro there is no cell memory in the
        engine, and ``cell_words`` are the word lines of the crossbars of the tile.
    slot_words : tuple of tuple of int
        With a crossbar macro, where each OU lies in that of its tile.
    tables_sha256 : str
        Hash of the mapping tables.
    """

    shape: EngineShape
    names: tuple[str, ...]
    layer_words: tuple[int, ...]
    index_words: tuple[tuple[int, ...], ...]
    cell_words: tuple[tuple[int, ...], ...]
    channel_words: tuple[int, ...]
    slot_words: tuple[tuple[int, ...], ...] = ()
    tables_sha256: str

    @property
    def memories(self) -> dict[str, tuple[WordLayout, tuple[int, ...]]]:
        """Every memory by name: its word layout and its words.

        Those of tiles have the number of the tile behind their name, if there are several.
        """
        shape = self.shape
        parts = {"index": (shape.index_layout, self.index_words)}
        if shape.macro is None:
            parts["cells"] = (shape.cell_layout, self.cell_words)
        else:
            parts["slot"] = (shape.macro.slot_layout, self.slot_words)
        layer = {} if shape.layer_logic else {"layer": (shape.layer_layout, self.layer_words)}
        return {
            **layer,
            **{
                tile_name(name, tile, shape.tiles): (layout, words[tile])
                for tile in range(shape.tiles)
                for name, (layout, words) in parts.items()
            },
            "channel": (shape.channel_layout, self.channel_words),
        }

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

    Every tile issues its OUs in the order of the tables. A tile without OUs of a layer issues one
    OU whose inputs read as zero, since every output position must still give its outputs.

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
    tiles = range(shape.tiles)
    index_words: list[list[int]] = [[] for _ in tiles]
    cell_words: list[list[int]] = [[] for _ in tiles]
    channel_words: list[int] = []
    for table in tables.layers:
        first_ous = [len(words) for words in index_words]
        layer_words.append(
            shape.layer_layout.pack(_layer_fields(table, shape, first_ous, len(channel_words)))
        )
        for tile, ous in enumerate(ous_by_tile(table, shape.tiles)):
            index_words[tile] += _index_words(table, shape, ous)
            cell_words[tile] += [] if shape.macro else _cell_words(table, shape, ous)
        channel_words += [
            shape.channel_layout.pack({"multiplier": multiplier, "shift": shift, "bias": bias})
            for multiplier, shift, bias in zip(
                table.multiplier.tolist(), table.shift.tolist(), table.bias.tolist(), strict=True
            )
        ]
    size = 0 if shape.loadable else shape.ous  # what is loaded may end where it likes
    slots, lines = macro_words(tables, shape.macro) if shape.macro else ((), ())
    slot_words = tuple(_filled(words, size) for words in slots)
    return Program(
        shape=shape,
        names=tuple(table.spec.name for table in tables.layers),
        layer_words=tuple(layer_words),
        index_words=tuple(_filled(words, size) for words in index_words),
        cell_words=lines or tuple(_filled(words, size) for words in cell_words),
        channel_words=tuple(channel_words),
        slot_words=slot_words,
        tables_sha256=tables.sha256,
    )


def _filled(words: Sequence[int], count: int) -> tuple[int, ...]:
    """The words of a tile: all tiles have memories of one size."""
    return (*words, *[0] * (count - len(words)))


def needed_shape(
    tables: MappingTables, macro_latency: int | None, *, skip_zero_planes: bool
) -> EngineShape:
    """The smallest engine that runs ``tables``; arguments as of :func:`build_program`."""
    geometry, layers = tables.geometry, tables.layers
    macro = None
    if macro_latency is not None:
        crossbars = count_crossbars(tables)
        macro = MacroShape(geometry=geometry, crossbars=crossbars, latency=macro_latency)
    return engine_shape(
        [needs_of_table(table, geometry) for table in layers],
        geometry,
        macro=macro,
        skip_zero_planes=skip_zero_planes,
    )


def _layer_fields(
    table: LayerTable, shape: EngineShape, first_ous: Sequence[int], first_channel: int
) -> dict[str, int | Sequence[int]]:
    spec, out = table.spec, table.spec.output
    last_block = (spec.rows - 1) // shape.geometry.ou_rows
    counts = [len(ous) for ous in ous_by_tile(table, shape.tiles)]
    return {
        "first_ou": first_ous,
        "last_ou": [
            first + max(1, count) - 1 for first, count in zip(first_ous, counts, strict=True)
        ],
        "empty": [int(count == 0) for count in counts],
        "last_block": last_block,
        "last_lanes": spec.rows - last_block * shape.geometry.ou_rows,
        "first_channel": first_channel,
        "last_output": spec.cols - 1,
        "signed": int(spec.activation.signed),
        "zero_point": out.zero_point,
        "minimum": out.minimum,
        "maximum": out.maximum,
    }


def _index_words(table: LayerTable, shape: EngineShape, ous: np.ndarray) -> list[int]:
    if not len(ous):
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
        layout.pack({name: values[n] for name, values in columns.items()}) for n in ous.tolist()
    ]


def _cell_words(table: LayerTable, shape: EngineShape, ous: np.ndarray) -> list[int]:
    if not len(ous):
        return [0]
    arrays = {"cells": table.cells[ous].reshape(len(ous), -1).tolist()}
    if table.cells_negative is not None:
        arrays["cells_negative"] = table.cells_negative[ous].reshape(len(ous), -1).tolist()
    layout = shape.cell_layout
    return [layout.pack({name: rows[n] for name, rows in arrays.items()}) for n in range(len(ous))]
