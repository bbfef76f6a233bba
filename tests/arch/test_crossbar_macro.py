"""Where OUs lie in the crossbar macro, and what its cells hold."""

import dataclasses

import numpy as np
import pytest

from arch.crossbar_macro import LATENCY_MAX, MacroShape, count_crossbars, macro_words
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.program import build_program
from arch.tables import MappingTables
from sw.mapping import map_layer, map_network
from tests.sw.integer_layers import linear_spec, random_layer, small_network

SMALL = {"rows": 13, "cols": 18, "ou_rows": 4, "ou_cols": 8}
"""Slots of 3 x 2 with a word line and two bit lines left over."""


def tables_of(geometry, *shapes):
    """Layers of these rows and columns, and of the share that is pruned, mapped."""
    rng = np.random.default_rng(4)
    layers = [
        map_layer(
            random_layer(linear_spec(rows, cols, name=f"l{n}"), geometry, rng, ratio=ratio),
            geometry,
        )
        for n, (rows, cols, ratio) in enumerate(shapes)
    ]
    return MappingTables(name="t", geometry=geometry, layers=tuple(layers))


def levels_of(lines, shape):
    """Words as levels of shape (arrays * crossbars, rows, cols)."""
    g = shape.geometry
    mask = (1 << g.cell_bits) - 1
    levels = [[word >> (col * g.cell_bits) & mask for col in range(g.cols)] for word in lines]
    return np.array(levels).reshape(g.arrays * shape.crossbars, g.rows, g.cols)


def unpacked(word, layout):
    values = {}
    for field in layout.fields:
        values[field.name] = word & (1 << field.bits) - 1
        word >>= field.bits
    assert word == 0
    return values


@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("cell_bits", [1, 2, 4])
def test_every_cell_is_where_its_slot_is(encoding, cell_bits):
    """And nothing is anywhere else; the crossbars of a layer follow those of the one before."""
    geometry = Geometry(**SMALL, encoding=encoding, cell_bits=cell_bits)
    tables = tables_of(geometry, (30, 6, 0.2), (4, 2, 1.0), (9, 11, 0.0))
    counts = [
        int(table.crossbar.max()) + 1 if table.ous else 0  # a layer without OUs takes none
        for table in tables.layers
    ]
    assert counts[0] > 1
    assert counts[1] == 0
    shape = MacroShape(geometry=geometry, crossbars=count_crossbars(tables))
    assert shape.crossbars == sum(counts)
    (slots,), (lines,) = macro_words(tables, shape)
    levels = levels_of(lines, shape)
    seen = np.zeros_like(levels)
    number = 0
    for table, first in zip(tables.layers, np.cumsum([0, *counts]), strict=False):
        for ou in range(table.ous):
            slot = unpacked(slots[number], shape.slot_layout)
            assert slot == {
                "crossbar": first + table.crossbar[ou],
                "slot_row": table.slot_row[ou],
                "slot_col": table.slot_col[ou],
            }
            for array, cells in enumerate((table.cells, table.cells_negative)[: geometry.arrays]):
                place = (
                    array * shape.crossbars + slot["crossbar"],
                    slice(4 * slot["slot_row"], 4 * slot["slot_row"] + 4),
                    slice(8 * slot["slot_col"], 8 * slot["slot_col"] + 8),
                )
                assert np.array_equal(levels[place], cells[ou])
                seen[place] = levels[place]
            number += 1
        number += table.ous == 0
    assert number == len(slots)
    assert np.array_equal(seen, levels)


def test_nothing_is_kept():
    """One crossbar of empty cells, and one OU that may lie anywhere."""
    geometry = Geometry(**SMALL)
    tables = tables_of(geometry, (4, 2, 1.0))
    shape = MacroShape(geometry=geometry, crossbars=count_crossbars(tables))
    assert macro_words(tables, shape) == (((0,),), ((0,) * 13,))


def test_widths():
    """At least one bit each; numbers of crossbars and slots that are no powers of two."""
    wide = MacroShape(geometry=Geometry(), crossbars=9)
    assert [field.bits for field in wide.slot_layout.fields] == [4, 4, 4]
    one = MacroShape(geometry=Geometry(rows=9, cols=8), crossbars=1)
    assert [field.bits for field in one.slot_layout.fields] == [1, 1, 1]
    assert wide.line_layout.width == 256


@pytest.mark.parametrize("latency", [1, 2, 64])
def test_conversion(latency):
    shape = MacroShape(geometry=Geometry(), crossbars=1, latency=latency)
    assert shape.conversion == latency + 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"crossbars": 0}, r"^crossbars must be at least 1, not 0$"),
        ({"latency": 0}, r"^latency must be 1 to 64, not 0$"),
        ({"latency": LATENCY_MAX + 1}, r"^latency must be 1 to 64, not 65$"),
    ],
)
def test_wrong_shape(fields, message):
    with pytest.raises(ValueError, match=message):
        MacroShape(**({"geometry": Geometry(), "crossbars": 1} | fields))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("slot_col", 0, r"^layer l0: OU 1 shares its slot$"),
        ("slot_row", 3, r"^layer l0: OU 1 lies outside of its crossbar$"),
        ("slot_col", 2, r"^field slot_col holds 0 to 1, not 2$"),
        ("crossbar", -1, r"^field crossbar holds 0 to 1, not -1$"),
    ],
)
def test_wrong_slot(name, value, message):
    """Tables that ``validate`` refuses are not made into a macro either."""
    tables = tables_of(Geometry(**SMALL), (8, 3, 0.0))
    numbers = getattr(tables.layers[0], name).copy()
    numbers[1] = value
    layer = dataclasses.replace(tables.layers[0], **{name: numbers})
    with pytest.raises(ValueError, match=message):
        build_program(dataclasses.replace(tables, layers=(layer,)), macro_latency=2)


def test_program():
    """The slots stand in the place of the cells, and nothing else changes."""
    tables = tables_of(Geometry(**SMALL), (30, 6, 0.2), (4, 2, 1.0))
    emulated, program = build_program(tables), build_program(tables, macro_latency=5)
    assert emulated.shape.macro is None
    assert emulated.shape.conversion == 4
    assert program.shape.macro == MacroShape(
        geometry=tables.geometry, crossbars=count_crossbars(tables), latency=5
    )
    assert program.shape.conversion == 7
    assert (program.slot_words, program.cell_words) == macro_words(tables, program.shape.macro)
    assert list(program.memories) == ["layer", "index", "slot", "channel"]
    assert program.memories["slot"] == (program.shape.macro.slot_layout, program.slot_words[0])
    assert len(program.slot_words[0]) == emulated.shape.ous
    for name in ("layer", "index", "channel"):
        assert program.memories[name] == emulated.memories[name]


def test_network_program():
    geometry = Geometry()
    tables = map_network(small_network(geometry), geometry)
    program = build_network_program(tables, macro_latency=3)
    assert program.layers == build_program(tables, macro_latency=3)
    assert program.words == build_network_program(tables).words
