"""The drawn examples of ``docs/mapping-tables.md``, made by the program."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.index_format import FORMATS, entropy_bits
from arch.layer import LayerSpec
from sw.mapping import map_layer
from tests.sw.integer_layers import linear_spec, random_layer

PAGE = (Path(__file__).parents[2] / "docs" / "mapping-tables.md").read_text()
GEOMETRY = Geometry(rows=8, cols=8, ou_rows=4, ou_cols=4, cell_bits=2, weight_bits=4)


def table_of(scheme, text, kept):
    """The table of a matrix written as on the page, a dot for a pruned weight."""
    weights = [[0 if entry == "." else int(entry) for entry in row.split()] for row in text]
    layer = random_layer(
        linear_spec(6, 3, scheme=scheme),
        GEOMETRY,
        np.random.default_rng(0),
        kept=np.array(kept, dtype=bool),
    )
    return map_layer(dataclasses.replace(layer, weights=np.array(weights, dtype=np.int8)), GEOMETRY)


COLUMN_VECTOR = table_of(
    "column_vector",
    ("3 . -1", "1 . 4", "-2 . 7", "0 . -8", ". . 5", ". . -3"),
    [[1, 0, 1], [0, 0, 1]],
)
ROW_VECTOR = table_of(
    "row_vector",
    ("3 1 .", "-2 0 .", ". . 4", ". . 7", "-8 5 -1", "2 -3 6"),
    [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1]],
)


def test_groups():
    """Two groups of 3 x 2, all of it kept; the bitmap has no bit for what is outside."""
    spec = LayerSpec(
        name="grouped",
        kind="conv2d",
        source="input",
        in_shape=(2, 3, 1),
        out_shape=(4, 1, 1),
        kernel=(3, 1),
        groups=2,
        activation=ActFormat(),
        output=OutFormat(),
    )
    weights = np.zeros((6, 4), dtype=np.int8)
    weights[:3, :2], weights[3:, 2:] = [[3, 2], [1, 4], [-2, 5]], [[6, -7], [1, 2], [-1, 3]]
    layer = random_layer(
        linear_spec(6, 4),
        GEOMETRY,
        np.random.default_rng(0),
        kept=segment_mask(6, 4, 2, "column_vector", GEOMETRY),
    )
    table = map_layer(dataclasses.replace(layer, spec=spec, weights=weights), GEOMETRY)
    assert (table.ous, table.segments) == (3, 6)
    for ou in range(3):
        assert f"inputs{numbers(table.inputs[ou])}" in PAGE
        assert f"outputs{numbers(table.outputs[ou])[1:]}" in PAGE
    assert table.outputs.tolist() == [[0, 1], [2, 3], [2, 3]]
    assert FORMATS["bitmap"].encode(table, GEOMETRY).bits == len("1111 11") - 1


def numbers(values):
    return "".join(f"{value:3}" for value in values)


@pytest.mark.parametrize("table", [COLUMN_VECTOR, ROW_VECTOR], ids=["column", "row"])
def test_records(table):
    for ou in range(2):
        assert f"inputs{numbers(table.inputs[ou])}" in PAGE
        assert f"outputs{numbers(table.outputs[ou])[1:]}" in PAGE


def test_crossbar():
    for line in range(4):
        one, two = (COLUMN_VECTOR.cells[ou, line] for ou in range(2))
        drawn = "{} {}   {} {} | {} {}   {} {}".format(*one, *two)
        assert any(text.endswith(f"{line}   {drawn}") for text in PAGE.splitlines())


def test_index():
    rows = [line.split("(")[0] for line in PAGE.splitlines()]
    for table in (COLUMN_VECTOR, ROW_VECTOR):
        for name, form in FORMATS.items():
            encoded = form.encode(table, GEOMETRY)
            bits = np.unpackbits(np.frombuffer(encoded.payload, np.uint8), bitorder="little")
            text = "".join(map(str, bits[: encoded.bits]))
            size = encoded.bits // (2 if name == "explicit" else 1)
            for start in range(0, encoded.bits, size):
                part = text[start : start + size]
                assert any(row.replace(" ", "").endswith(part) for row in rows)


def test_bound():
    bounds = [
        entropy_bits(table.segments, table.segments_kept) for table in (COLUMN_VECTOR, ROW_VECTOR)
    ]
    assert f"{bounds[0]:.2f} and {bounds[1]:.2f} bits" in PAGE
