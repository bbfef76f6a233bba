import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.errors import InputError
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.layer import LayerSpec
from arch.tables import MappingTables
from sw.mapping import map_layer
from sw.mapping.explanation import explain, explain_ou
from sw.mapping.explanation_text import ou_lines, weight_lines
from sw.mapping.hardware_view import HardwareView
from sw.mapping.segment_rank import SegmentRank, rank_segment
from sw.segments import expand, keep_largest, norms, segment_shape
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


def weight_text(tables, row, col, **known):
    return weight_lines(explain(HardwareView.of(tables), "layer", row, col, **known))


def test_column_vector_text():
    assert weight_text(COLUMN_VECTOR, 5, 2) == [
        "weight (5, 2) of layer layer is 18",
        "network         input channel 5, input row 0, input column 0; output channel 2",
        "segment         rows 4 to 5 (row block 1) of column 2",
        "kept            3 of the 6 segments of the layer are kept",
        "OU              1: crossbar 0, slot 1 (slot row 0, slot column 1)",
        "word line       1 of the crossbar, 1 of the OU",
        "bit lines       8 to 11 of the crossbar, weight column 0 of the OU",
        "cells           levels 2 0 1 2, least significant slice first",
        "                weight = 146 - 128",
        "index           memory index, address 1: 5'h1d",
        "                block      [0]       = 1    word lines 0 to 1 carry inputs 4 to 5",
        "                outputs[0] [2:1]     = 2    weight column 0 adds into output 2",
        "layer engine    43 cycles after the one that takes the command, output positions: 1",
        "                position          inputs loaded   inputs read     planes",
        "                0 (0, 0)          4               6               16 to 23",
        "network engine  step 1, cycles 20 to 78 of an image; below, cycles of the step",
        (
            "                position          inputs loaded   inputs read     planes"
            "          in cycles of an image"
        ),
        (
            "                0 (0, 0)          19              21              31 to 38"
            "        50 to 57"
        ),
        "holds           if nothing stalls, and for every image but the first after a reset",
    ]


def test_row_vector_text():
    lines = weight_text(ROW_VECTOR, 4, 1)
    assert lines[2:13] == [
        "segment         columns 0 to 1 (column group 0) of row 4",
        "kept            8 of the 12 segments of the layer are kept",
        "OU              0: crossbar 0, slot 0 (slot row 0, slot column 0)",
        "word line       2 of the crossbar, 2 of the OU",
        "bit lines       4 to 7 of the crossbar, weight column 1 of the OU",
        "cells           levels 2 3 0 2, least significant slice first",
        "                weight = 142 - 128",
        "index           memory index, address 0: 17'h0208c",
        "                blocks[2]  [2]       = 1    word line 2 reads row block 1",
        "                lanes[2]   [12:10]   = 0    of it lane 0: word line 2 carries input 4",
        "                group      [16]      = 0    weight columns 0 to 1 add into outputs 0 to 1",
    ]


def test_differential_text():
    geometry = dataclasses.replace(GEOMETRY, encoding="differential", cell_bits=8, ou_cols=2)
    tables = example("column_vector", [[True] * 3] * 2, geometry)
    assert weight_text(tables, 0, 1)[6:9] == [
        "bit lines       1 of the crossbar, weight column 1 of the OU",
        (
            "cells           levels 2 in the positive array and 0 in the negative, "
            "least significant slice first"
        ),
        "                weight = 2 - 0",
    ]


def test_planes_that_may_be_skipped_are_said():
    hardware = HardwareView.of(COLUMN_VECTOR, skip_zero_planes=True)
    assert weight_lines(explain(hardware, "layer", 5, 2))[-1] == (
        "holds           this engine skips planes without a one, so cycles depend on the image: "
        "these are of an image none of whose planes is skipped"
    )


def test_layers_that_do_not_follow_from_each_other_have_no_network_engine():
    layer = COLUMN_VECTOR.layers[0]
    other = dataclasses.replace(layer, spec=dataclasses.replace(layer.spec, name="other"))
    tables = dataclasses.replace(
        COLUMN_VECTOR,
        layers=(
            layer,
            dataclasses.replace(other, spec=linear_spec(6, 3, name="o", source="layer")),
        ),
    )
    found = explain(HardwareView.of(tables), "layer", 5, 2).place
    assert found.schedule.step is None
    assert found.schedule.times[0].image is None
    assert "network         no network engine: the layers do not follow from each other" in (
        weight_text(tables, 5, 2)
    )


def test_left_over_bit_lines_are_passed_over():
    # Nine bit lines an OU, of which the ninth is empty: the second slot column begins at line 9.
    geometry = dataclasses.replace(GEOMETRY, cols=18, ou_cols=9)
    tables = example("column_vector", [[True, True, True], [False] * 3], geometry)
    place = explain(HardwareView.of(tables), "layer", 0, 2).place
    assert (place.at.slot_col, place.bit_lines) == (1, (9, 10, 11, 12))


def test_pruned_text():
    assert weight_text(COLUMN_VECTOR, 4, 1) == [
        "weight (4, 1) of layer layer is 0: it was pruned",
        "network         input channel 4, input row 0, input column 0; output channel 1",
        "segment         rows 4 to 5 (row block 1) of column 1",
        "pruned          3 of the 6 segments of the layer are kept",
        "stored          nowhere: no OU holds the segment",
    ]
    known = {"rank": SegmentRank(norm=0.125, rank=5, segments=6), "ratio": 0.5}
    assert weight_text(COLUMN_VECTOR, 4, 1, **known)[3] == (
        "pruned          its norm 0.125 is number 5 of 6; the ratio of 0.5 keeps 3 of the 6 "
        "segments of the layer, those of largest norm"
    )
    assert weight_text(ROW_VECTOR, 3, 0)[2] == (
        "segment         columns 0 to 1 (column group 0) of row 3"
    )
    segment = explain(HardwareView.of(ROW_VECTOR), "layer", 0, 2).segment
    assert segment == "columns 2 to 2 (column group 1) of row 0"


def test_ou_text():
    lines = ou_lines(explain_ou(HardwareView.of(COLUMN_VECTOR), "layer", 1))
    assert lines[:9] == [
        "layer layer, OU 1: crossbar 0, slot 1 (slot row 0, slot column 1)",
        "word line       input      output 2           -",
        "  0             4                15",
        "  1             5                18",
        "  2             -",
        "  3             -",
        "index           memory index, address 1: 5'h1d",
        "                block      [0]       = 1    word lines 0 to 1 carry inputs 4 to 5",
        "                outputs[0] [2:1]     = 2    weight column 0 adds into output 2",
    ]
    assert lines[9] == (
        "                outputs[1] [4:3]     = 3    weight column 1 adds into no output"
    )
    assert lines[10:] == weight_text(COLUMN_VECTOR, 5, 2)[12:]


def test_plane_of_an_ou():
    """Planes come most significant first: of eight the last is plane 0."""
    hardware = HardwareView.of(COLUMN_VECTOR)
    for plane in range(8):
        lines = ou_lines(explain_ou(hardware, "layer", 1, plane=plane))
        assert lines[11].endswith(f"plane {plane}")
        assert lines[12].split()[-1] == str(23 - plane)
        assert lines[15].split()[-2:] == [str(38 - plane), str(57 - plane)]


@settings(deadline=None)
@given(layers(), st.data())
def test_leads_to_the_cells(drawn, data):
    layer, geometry = drawn
    tables = tables_of(layer, geometry)
    table = tables.layers[0]
    row = data.draw(st.integers(0, layer.spec.rows - 1))
    col = data.draw(st.integers(0, layer.spec.cols - 1))
    hardware = HardwareView.of(tables)
    result = explain(hardware, "layer", row, col)
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
    assert (row, col, result.weight) in explain_ou(hardware, "layer", at.ou).weights


@settings(deadline=None)
@given(layers())
def test_ous_hold_exactly_the_kept_weights(drawn):
    layer, geometry = drawn
    tables = tables_of(layer, geometry)
    hardware, ous = HardwareView.of(tables), range(tables.layers[0].ous)
    held = [weight for ou in ous for weight in explain_ou(hardware, "layer", ou).weights]
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
        explain(HardwareView.of(COLUMN_VECTOR), *arguments)


def test_wrong_ou():
    hardware = HardwareView.of(COLUMN_VECTOR)
    with pytest.raises(InputError, match=r"^layer layer has no OU 2; legal is 0 to 1$"):
        explain_ou(hardware, "layer", 2)
    with pytest.raises(InputError, match=r"^layer layer has no plane 8; legal is 0 to 7$"):
        explain_ou(hardware, "layer", 0, plane=8)
    for found in (explain_ou(hardware, "layer", 0), explain(hardware, "layer", 5, 2).place):
        assert [times.position for times in found.schedule.times] == [0]
    with pytest.raises(InputError, match=r"has no output position 1; legal is 0 to 0$"):
        explain_ou(hardware, "layer", 0, position=1)
    with pytest.raises(InputError, match=r"has no output position -1; legal is 0 to 0$"):
        explain(hardware, "layer", 0, 0, position=-1)
    empty = HardwareView.of(example("column_vector", [[False] * 3] * 2))
    with pytest.raises(InputError, match="has no OU 0; legal is none: all of it was pruned"):
        explain_ou(empty, "layer", 0)


def test_groups():
    """What lies outside of the groups is no weight; where a segment crosses a group it is 0."""
    spec = LayerSpec(
        name="layer", kind="conv2d", source="input", in_shape=(4, 3, 3), out_shape=(4, 1, 1),
        kernel=(3, 3), groups=4, activation=ActFormat(), output=OutFormat(),
    )  # fmt: skip
    geometry = Geometry(ou_rows=12, adc_bits=6)
    there = segment_mask(36, 4, 4, "column_vector", geometry)
    inside = np.kron(np.eye(4), np.ones((9, 1))).astype(bool)
    dense = dataclasses.replace(spec, groups=1)
    layer = random_layer(dense, geometry, np.random.default_rng(0), kept=there)
    weights = np.where(inside, 7, 0).astype(np.int8)
    layer = dataclasses.replace(layer, spec=spec, weights=weights)
    hardware = HardwareView.of(tables_of(layer, geometry))
    for row in range(36):
        for col in range(4):
            found = explain(hardware, "layer", row, col)
            assert (not found.outside) == inside[row, col]
            assert found.weight == weights[row, col]
            assert (found.place is not None) == there[row // 12, col]
    in_no_segment, at_the_border = (
        weight_lines(explain(hardware, "layer", row, 0)) for row in (30, 9)
    )
    for row, lines in ((30, in_no_segment), (9, at_the_border)):
        assert lines[0] == f"weight ({row}, 0) of layer layer is 0: it is outside its group"
    assert in_no_segment[-1] == "stored          nowhere: no OU holds the segment"
    assert at_the_border[-1].startswith("stored          as 0 in OU 0")


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_rank(groups, scheme):
    """The segments of rank up to a count are those that pruning keeps."""
    weights = np.random.default_rng(groups).normal(size=(36 // groups, 8))
    weights[: 12 // groups] = 0  # equal norms
    geometry = Geometry()
    spec = LayerSpec(
        name="layer", kind="conv2d", source="input", in_shape=(4, 3, 3), out_shape=(8, 1, 1),
        kernel=(3, 3), groups=groups, scheme=scheme, activation=ActFormat(), output=OutFormat(),
    )  # fmt: skip
    there = segment_mask(36, 8, groups, scheme, geometry)
    kept = keep_largest(norms(weights, scheme, geometry, groups=groups), 0.6, there=there)
    height, width = segment_shape(scheme, geometry)
    for down, across in np.ndindex(kept.shape):
        rank = rank_segment(weights, spec, (down * height, across * width), geometry=geometry)
        assert rank.segments == np.count_nonzero(there)
        assert (rank.rank <= np.count_nonzero(kept)) == kept[down, across]
