"""Programs: what the memories of an engine hold, against the tables they are made from."""

import dataclasses

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat, accumulator_bits
from arch.program import build_program
from arch.tables import MappingTables
from tests.cosim.random_tables import (
    geometry_of,
    linear_spec,
    mapped_table,
    random_table,
    random_weights,
)


def tables_of(*layers, geometry, sha256=""):
    return MappingTables(name="t", geometry=geometry, layers=layers, sha256=sha256)


def mapped(rows, cols, scheme, geometry, *, ratio=0.4, seed=1, **fields):
    rng = np.random.default_rng(seed)
    spec = linear_spec(rows, cols, scheme=scheme, **fields)
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    return mapped_table(spec, weights, geometry, kept, rng)


def unpack(layout, word):
    """Fields of a word by name; arrays as lists, signed fields as signed numbers."""
    values = {}
    for field in layout.fields:
        elements = []
        for _ in range(field.count or 1):
            code = word & ((1 << field.bits) - 1)
            negative = field.signed and code >> (field.bits - 1)
            elements.append(code - (negative << field.bits))
            word >>= field.bits
        values[field.name] = elements if field.count else elements[0]
    assert word == 0
    return values


def records(program):
    layout, words = program.memories["index"]
    return [unpack(layout, word) for word in words]


@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("cell_bits", [1, 3, 8])
def test_cells(encoding, cell_bits):
    """Every cell level of every OU, row by row, the negative array behind the positive one."""
    geometry = geometry_of(encoding=encoding, cell_bits=cell_bits, ou_rows=5)
    table = mapped(13, 7, "column_vector", geometry)
    program = build_program(tables_of(table, geometry=geometry))
    layout, words = program.memories["cells"]
    halves = [table.cells, table.cells_negative][: geometry.arrays]
    for ou, word in enumerate(words):
        fields = unpack(layout, word)
        assert list(fields.values()) == [half[ou].ravel().tolist() for half in halves]
    assert len(words) == table.ous > 1


def test_column_vector_index():
    """A row block and a list of outputs; a missing output has the number behind the last."""
    geometry = geometry_of()
    table = mapped(20, 7, "column_vector", geometry)
    program = build_program(tables_of(table, geometry=geometry))
    assert (program.shape.input_mode, program.shape.output_mode) == ("block", "list")
    assert program.shape.fetch_ports == program.shape.fetch_steps == 1
    for ou, record in enumerate(records(program)):
        assert record["block"] == table.inputs[ou, 0] // 9
        assert record["outputs"] == [7 if o < 0 else o for o in table.outputs[ou].tolist()]
    assert (table.outputs < 0).any()


@pytest.mark.parametrize(("ou_rows", "ports", "steps"), [(8, 1, 8), (9, 2, 5), (17, 3, 6)])
def test_row_vector_index(ou_rows, ports, steps):
    """A list of inputs and an output group; a missing input has the lane behind the last."""
    geometry = geometry_of(ou_rows=ou_rows)
    table = mapped(40, 7, "row_vector", geometry, ratio=0.6)
    program = build_program(tables_of(table, geometry=geometry))
    shape = program.shape
    assert (shape.input_mode, shape.output_mode) == ("list", "group")
    assert (shape.fetch_ports, shape.fetch_steps) == (ports, steps)
    assert shape.groups == 4
    for ou, record in enumerate(records(program)):
        assert record["group"] == table.outputs[ou, 0] // 2
        lanes = zip(record["blocks"], record["lanes"], strict=True)
        inputs = [-1 if lane == ou_rows else block * ou_rows + lane for block, lane in lanes]
        assert inputs == table.inputs[ou].tolist()
    assert (table.inputs < 0).any()


def test_row_vector_of_one_row():
    """The input of an OU of one row is an aligned block."""
    geometry = geometry_of(ou_rows=1)
    table = mapped(12, 7, "row_vector", geometry, ratio=0.6)
    program = build_program(tables_of(table, geometry=geometry))
    assert (program.shape.input_mode, program.shape.output_mode) == ("block", "group")
    assert [record["block"] for record in records(program)] == table.inputs[:, 0].tolist()


def test_several_layers():
    """Layers share the memories one behind the other, and the widths of the largest."""
    geometry = geometry_of()
    wide = OutFormat(bits=16, signed=True, zero_point=-5, minimum=-32768, maximum=32767)
    layers = (
        mapped(20, 7, "column_vector", geometry, name="a"),
        mapped(9, 11, "row_vector", geometry, name="b", activation=ActFormat(signed=True)),
        mapped(31, 3, "column_vector", geometry, ratio=1.0, name="c"),
    )
    layers = (
        *layers[:2],
        dataclasses.replace(layers[2], spec=dataclasses.replace(layers[2].spec, output=wide)),
    )
    program = build_program(tables_of(*layers, geometry=geometry, sha256="abc"))
    shape = program.shape
    assert program.names == ("a", "b", "c")
    assert program.tables_sha256 == "abc"
    assert (shape.layers, shape.blocks, shape.outputs, shape.channels) == (3, 4, 11, 21)
    assert (shape.input_mode, shape.output_mode) == ("list", "list")
    assert shape.ous == layers[0].ous + layers[1].ous + 1  # one in the place of no OUs
    assert shape.out_bits == 16
    layout, words = program.memories["layer"]
    a, b, c = (unpack(layout, word) for word in words)
    assert a["first_ou"] == [0]
    assert a["last_ou"] == [layers[0].ous - 1]
    assert b["first_ou"] == [layers[0].ous]
    assert b["last_ou"] == [layers[0].ous + layers[1].ous - 1]
    assert c["first_ou"] == c["last_ou"] == [shape.ous - 1]
    assert [layer["empty"] for layer in (a, b, c)] == [[0], [0], [1]]
    assert [layer["last_block"] for layer in (a, b, c)] == [2, 0, 3]
    assert [layer["last_lanes"] for layer in (a, b, c)] == [2, 9, 4]
    assert [layer["first_channel"] for layer in (a, b, c)] == [0, 7, 18]
    assert [layer["last_output"] for layer in (a, b, c)] == [6, 10, 2]
    assert [layer["signed"] for layer in (a, b, c)] == [0, 1, 0]
    assert [layer["minimum"] for layer in (a, b, c)] == [0, 0, -32768]
    assert [layer["maximum"] for layer in (a, b, c)] == [255, 255, 32767]
    assert [layer["zero_point"] for layer in (a, b, c)] == [0, 0, -5]
    # A missing output has the same number in every layer.
    assert max(max(record["outputs"]) for record in records(program)) == 11


def test_channels():
    """Multiplier, shift and bias of every output, the extremes among them."""
    geometry = geometry_of()
    table = mapped(9, 3, "column_vector", geometry)
    table = dataclasses.replace(
        table,
        multiplier=np.array([0, 65535, 1]),
        shift=np.array([0, 47, 1]),
        bias=np.array([-(1 << 31), (1 << 31) - 1, -1]),
    )
    layout, words = build_program(tables_of(table, geometry=geometry)).memories["channel"]
    assert [unpack(layout, word) for word in words] == [
        {"multiplier": 0, "shift": 0, "bias": -(1 << 31)},
        {"multiplier": 65535, "shift": 47, "bias": (1 << 31) - 1},
        {"multiplier": 1, "shift": 1, "bias": -1},
    ]


@pytest.mark.parametrize("signed", [False, True])
def test_output_width(signed):
    """An unsigned output takes one bit more as a signed number."""
    geometry = geometry_of()
    table = mapped(9, 3, "column_vector", geometry)
    out = OutFormat(bits=8, signed=signed, maximum=127)
    table = dataclasses.replace(table, spec=dataclasses.replace(table.spec, output=out))
    assert build_program(tables_of(table, geometry=geometry)).shape.out_bits == 9 - signed


def test_accumulator_width():
    """Wide enough for the output that the most OUs add into."""
    geometry = geometry_of()
    table = random_table(linear_spec(30, 4), geometry, 40, np.random.default_rng(2))
    most = int(np.bincount(table.outputs[table.outputs >= 0]).max())
    shape = build_program(tables_of(table, geometry=geometry)).shape
    assert shape.acc_bits == accumulator_bits(geometry, most)
    assert (shape.input_mode, shape.output_mode) == ("list", "list")


def test_smallest():
    """One row, one column, one OU: every field of a word has a bit."""
    geometry = geometry_of(ou_rows=1, ou_cols=1, cell_bits=8)
    table = mapped(1, 1, "column_vector", geometry, ratio=0.0)
    program = build_program(tables_of(table, geometry=geometry))
    assert all(f.bits >= 1 for layout, _ in program.memories.values() for f in layout.fields)
    assert [len(words) for _, words in program.memories.values()] == [1, 1, 1, 1]


def test_wrong_tables():
    with pytest.raises(ValueError, match=r"^the tables have no layer$"):
        build_program(tables_of(geometry=geometry_of()))
