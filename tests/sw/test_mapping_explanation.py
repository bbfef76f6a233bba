import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.errors import InputError
from arch.geometry import Geometry
from arch.tables import MappingTables
from sw.mapping import explain, explain_ou, map_layer
from sw.segments import expand
from tests.sw.integer_layers import layers, linear_spec, random_layer

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)


def tables_of(layer, geometry):
    return MappingTables(name="n", geometry=geometry, layers=(map_layer(layer, geometry),))


def example(scheme, kept, geometry=GEOMETRY):
    """Weights that count up from 1, pruned to ``kept``."""
    spec = linear_spec(6, 3, scheme=scheme)
    layer = random_layer(spec, geometry, np.random.default_rng(0), kept=np.array(kept))
    numbers = np.arange(1, 19, dtype=np.int8).reshape(6, 3)
    weights = numbers * expand(np.array(kept), 6, 3, scheme, geometry)
    return tables_of(dataclasses.replace(layer, weights=weights), geometry)


COLUMN_VECTOR = example("column_vector", [[True, False, True], [False, False, True]])
"""OU 0 holds rows 0 to 3 of columns 0 and 2, OU 1 holds rows 4 and 5 of column 2."""
ROW_VECTOR = example("row_vector", [[True, False]] * 2 + [[False, True]] * 2 + [[True, True]] * 2)
"""OU 0 holds rows 0, 1, 4, 5 of columns 0 and 1, OU 1 holds rows 2, 3, 4, 5 of column 2."""


def test_column_vector_text():
    assert explain(COLUMN_VECTOR, "layer", 5, 2).lines() == [
        "weight (5, 2) of layer layer is 18",
        "its segment, rows 4 to 5 (row block 1) of column 2, was kept",
        "OU 1: crossbar 0, slot 1 (slot row 0, slot column 1)",
        "word line 1 (line 1 of the OU)",
        "bit lines 8 to 11 (weight column 0 of the OU)",
        "cell levels 2 0 1 2, least significant slice first",
        "weight = 146 - 128",
        "index record 1: row block 1 feeds input 5; output entry 0 takes output 2",
    ]


def test_row_vector_text():
    assert explain(ROW_VECTOR, "layer", 4, 1).lines() == [
        "weight (4, 1) of layer layer is 14",
        "its segment, columns 0 to 1 (column group 0) of row 4, was kept",
        "OU 0: crossbar 0, slot 0 (slot row 0, slot column 0)",
        "word line 2 (line 2 of the OU)",
        "bit lines 4 to 7 (weight column 1 of the OU)",
        "cell levels 2 3 0 2, least significant slice first",
        "weight = 142 - 128",
        (
            "index record 0: input entry 2 (block 1, lane 0) feeds input 4; "
            "column group 0 takes output 1"
        ),
    ]


def test_differential_text():
    geometry = dataclasses.replace(GEOMETRY, encoding="differential", cell_bits=8, ou_cols=2)
    tables = example("column_vector", [[True] * 3] * 2, geometry)
    assert explain(tables, "layer", 0, 1).lines()[4:7] == [
        "bit line 1 (weight column 1 of the OU)",
        "cell levels 2 in the positive array and 0 in the negative, least significant slice first",
        "weight = 2 - 0",
    ]


def test_left_over_bit_lines_are_passed_over():
    # Nine bit lines an OU, of which the ninth is empty: the second slot column begins at line 9.
    geometry = dataclasses.replace(GEOMETRY, cols=18, ou_cols=9)
    tables = example("column_vector", [[True, True, True], [False] * 3], geometry)
    place = explain(tables, "layer", 0, 2).place
    assert (place.at.slot_col, place.bit_lines) == (1, (9, 10, 11, 12))


def test_pruned_text():
    assert explain(COLUMN_VECTOR, "layer", 4, 1).lines() == [
        "weight (4, 1) of layer layer is 0: it was pruned",
        "its segment, rows 4 to 5 (row block 1) of column 1, is stored nowhere",
    ]
    assert explain(ROW_VECTOR, "layer", 3, 0).lines()[1] == (
        "its segment, columns 0 to 1 (column group 0) of row 3, is stored nowhere"
    )
    assert explain(ROW_VECTOR, "layer", 0, 2).segment == "columns 2 to 2 (column group 1) of row 0"


def test_ou_text():
    assert explain_ou(ROW_VECTOR, "layer", 1).lines() == [
        "layer layer, OU 1: crossbar 0, slot 1 (slot row 0, slot column 1)",
        "word lines read inputs 2 3 4 5",
        "weight columns add into outputs 2 none",
        "weight (2, 2) is 9",
        "weight (3, 2) is 12",
        "weight (4, 2) is 15",
        "weight (5, 2) is 18",
    ]


@given(layers(), st.data())
def test_leads_to_the_cells(drawn, data):
    layer, geometry = drawn
    tables = tables_of(layer, geometry)
    table = tables.layers[0]
    row = data.draw(st.integers(0, layer.spec.rows - 1))
    col = data.draw(st.integers(0, layer.spec.cols - 1))
    result = explain(tables, "layer", row, col)
    kept = expand(layer.kept, layer.spec.rows, layer.spec.cols, layer.spec.scheme, geometry)
    assert (result.place is not None) == kept[row, col]
    assert result.weight == layer.weights[row, col]
    if result.place is None:
        return
    place, at = result.place, result.place.at
    assert table.inputs[at.ou, place.lane] == row
    assert table.outputs[at.ou, place.column] == col
    # The cells again, from a picture of the whole crossbar.
    assert (at.crossbar, at.slot) == divmod(at.ou, geometry.slots)
    crossbar = np.zeros((geometry.rows, geometry.cols), dtype=np.uint8)
    for ou in np.flatnonzero(table.crossbar == at.crossbar):
        top, left = table.slot_row[ou] * geometry.ou_rows, table.slot_col[ou] * geometry.ou_cols
        crossbar[top : top + geometry.ou_rows, left : left + geometry.ou_cols] = table.cells[ou]
    levels = crossbar[place.word_line, list(place.bit_lines)]
    assert levels.tolist() == list(place.levels)
    codes = [sum(level << (geometry.cell_bits * s) for s, level in enumerate(place.levels))]
    if place.levels_negative is not None:
        negative = place.levels_negative
        codes.append(sum(level << (geometry.cell_bits * s) for s, level in enumerate(negative)))
    else:
        codes.append(1 << (geometry.weight_bits - 1))
    assert codes[0] - codes[1] == result.weight
    assert result.code == f"{codes[0]} - {codes[1]}"
    assert (row, col, result.weight) in explain_ou(tables, "layer", at.ou).weights


@given(layers())
def test_ous_hold_exactly_the_kept_weights(drawn):
    layer, geometry = drawn
    tables = tables_of(layer, geometry)
    ous = range(tables.layers[0].ous)
    held = [weight for ou in ous for weight in explain_ou(tables, "layer", ou).weights]
    kept = expand(layer.kept, layer.spec.rows, layer.spec.cols, layer.spec.scheme, geometry)
    expected = [(row, col, layer.weights[row, col]) for row, col in np.argwhere(kept).tolist()]
    assert sorted(held) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("other", 0, 0), "no layer 'other'; the layers are layer"),
        (("layer", 6, 0), "layer layer has no row 6; legal is 0 to 5"),
        (("layer", -1, 0), "layer layer has no row -1; legal is 0 to 5"),
        (("layer", 0, 3), "layer layer has no column 3; legal is 0 to 2"),
    ],
)
def test_wrong_place(arguments, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        explain(COLUMN_VECTOR, *arguments)


def test_wrong_ou():
    with pytest.raises(InputError, match=r"^layer layer has no OU 2; legal is 0 to 1$"):
        explain_ou(COLUMN_VECTOR, "layer", 2)
    empty = example("column_vector", [[False] * 3] * 2)
    with pytest.raises(InputError, match="has no OU 0; legal is none: all of it was pruned"):
        explain_ou(empty, "layer", 0)
