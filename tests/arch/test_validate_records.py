import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arch.validate_records
from arch.errors import InputError
from arch.geometry import Geometry
from arch.table_files import load, save
from arch.tables import MappingTables
from arch.validate import validate
from sw.mapping import map_layer
from tests.arch.altered_tables import (
    CASES,
    SMALL,
    alter_arrays,
    alter_manifest,
    put,
    refuses,
    set_kept,
    written,
)
from tests.sw.integer_layers import linear_spec, random_layer

NOT_STORED = "the stored weights are not those of matrix_sha256"


@pytest.fixture(params=CASES, ids="-".join)
def directory(request, tmp_path):
    """Tables of every structure and encoding."""
    return written(tmp_path / "tables", *request.param)


def test_works_in_small_steps_too(directory, monkeypatch):
    monkeypatch.setattr(arch.validate_records, "_CHUNK", 1)
    validate(directory)
    alter_arrays(directory, put("cells", (2, 0, 0), 4))
    refuses(directory, "OU 2: cells has a level above 3")


def moved_weight(arrays):
    """The cells of a weight change places with those of another word line."""
    cells = arrays["cells"]
    lanes = np.flatnonzero(arrays["inputs"][0] >= 0)
    other = next(lane for lane in lanes[1:] if (cells[0, lane, :4] != cells[0, lanes[0], :4]).any())
    cells[0, [lanes[0], other], :4] = cells[0, [other, lanes[0]], :4]


def exchanged_cells(arrays):
    for name in {"cells", "cells_negative"} & arrays.keys():
        arrays[name][[0, 1]] = arrays[name][[1, 0]]


def doubled_slot(arrays):
    for name in ("crossbar", "slot_row", "slot_col"):
        arrays[name][3] = arrays[name][1]


def gap(arrays):
    geometry = Geometry(**SMALL)
    number = np.arange(len(arrays["crossbar"])) + (np.arange(len(arrays["crossbar"])) >= 2)
    arrays["crossbar"][:] = number // geometry.slots
    arrays["slot_row"][:] = number % geometry.slots // geometry.slot_cols
    arrays["slot_col"][:] = number % geometry.slot_cols


def exchanged_slots(arrays):
    for name in ("crossbar", "slot_row", "slot_col"):
        arrays[name][[0, 1]] = arrays[name][[1, 0]]


def drop_last_ou(arrays):
    for name in ARRAYS_OF_OUS & arrays.keys():
        arrays[name] = arrays[name][:-1]


ARRAYS_OF_OUS = {
    *("crossbar", "slot_row", "slot_col", "inputs", "outputs", "cells", "cells_negative")
}


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (moved_weight, rf"layer conv: ({NOT_STORED}|OU \d: a weight is in both arrays)"),
        (exchanged_cells, rf"layer conv: ({NOT_STORED}|OU \d: cells has .* where nothing is)"),
        (doubled_slot, "layer conv: OU 3: is in the slot of OU 1$"),
        (gap, "layer conv: OU 2: is not in the slot of its number|OU 5: crossbar is"),
        (exchanged_slots, "layer conv: OU 0: is not in the slot of its number"),
        (put("crossbar", 1, -1), r"layer conv: OU 1: crossbar is -1, but 0 to \d are there"),
        (put("crossbar", 1, 1 << 30), r"OU 1: crossbar is 1073741824, but 0 to \d are there"),
        (put("slot_row", 1, 2), "layer conv: OU 1: slot_row is 2, but 0 to 1 are there"),
        (put("slot_row", 1, -1), "layer conv: OU 1: slot_row is -1, but 0 to 1 are there"),
        (put("slot_col", 2, 3), "layer conv: OU 2: slot_col is 3, but 0 to 2 are there"),
        (put("inputs", (1, 0), 27), "OU 1: inputs has an index out of range: -1 to 26 are there"),
        (put("inputs", (1, 0), -2), "OU 1: inputs has an index out of range: -1 to 26 are there"),
        (put("outputs", (1, 0), 5), "OU 1: outputs has an index out of range: -1 to 4 are there"),
        (put("outputs", (1, 0), -(1 << 31)), "OU 1: outputs has an index out of range"),
        (put("inputs", (0, 0), 26), r"OU 1: weight \(26, 0\) is stored a second|OU 0: column_vec"),
        (put("inputs", 0, -1), "layer conv: OU 0: inputs is empty, so that the OU"),
        (put("outputs", 0, -1), "layer conv: OU 0: outputs is empty, so that the OU"),
        (put("cells", (0, 0, 0), 4), "layer conv: OU 0: cells has a level above 3$"),
        (put("cells", (2, 8, 8), 1), "OU 2: cells has a level other than 0 where nothing is"),
        (put("multiplier", 4, -1), "layer conv: multiplier of output 4 is -1, but must be 0 to 65"),
        (put("multiplier", 0, 1 << 16), "layer conv: multiplier of output 0 is 65536, but must be"),
        (put("shift", 1, 48), "layer conv: shift of output 1 is 48, but must be 0 to 47"),
        (put("shift", 1, -1), "layer conv: shift of output 1 is -1, but must be 0 to 47"),
        (put("bias", 2, 1 << 31), "layer conv: bias of output 2 is 2147483648, but must be -2147"),
        (put("bias", 2, -(1 << 63)), "layer conv: bias of output 2 is -9223372036854775808, but"),
    ],
)
def test_refuses_with_fresh_hashes(directory, alter, message):
    alter_arrays(directory, alter)
    refuses(directory, message)


@pytest.mark.parametrize(
    "alter", [moved_weight, doubled_slot, put("inputs", (1, 0), 27), put("bias", 0, 0)]
)
def test_refuses_without_fresh_hashes(directory, alter):
    alter_arrays(directory, alter, refresh=False)
    refuses(directory, r"/000-conv.npz: has another SHA-256 than the manifest")


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_weight_stored_twice(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(arch.validate_records, "_CHUNK", chunk)

    def twice(arrays):
        for name in ("inputs", "outputs", "cells"):
            arrays[name][1] = arrays[name][0]

    for scheme in ("column_vector", "row_vector"):
        path = written(tmp_path / scheme, scheme)
        alter_arrays(path, twice)
        members = "outputs" if scheme == "column_vector" else "inputs"
        kept = int((getattr(load(path).layers[0], members) >= 0).sum())
        alter_manifest(path, lambda manifest, kept=kept: set_kept(manifest, kept))
        refuses(path, r"layer conv: OU 1: weight \(\d+, \d+\) is stored a second time$")


def test_weight_missing(directory):
    alter_arrays(directory, drop_last_ou)
    with np.load(directory / "000-conv.npz") as content:
        ous = len(content["crossbar"])

    def alter(manifest):
        arrays = 2 if manifest["geometry"]["encoding"] == "differential" else 1
        manifest["layers"][0] |= {"ous": ous, "crossbars": -(-ous // 6) * arrays}

    alter_manifest(directory, alter)
    refuses(directory, r"layer conv: stores \d+ segments, but segments_kept is \d+$")
    table = load(directory).layers[0]
    members = table.outputs if table.spec.scheme == "column_vector" else table.inputs
    alter_manifest(directory, lambda manifest: set_kept(manifest, int((members >= 0).sum())))
    refuses(directory, "layer conv: the stored weights are not those of matrix_sha256")


def test_structure_of_column_vector(tmp_path):
    message = "layer conv: OU 0: column_vector needs one whole row block as inputs, in order"
    for number, inputs in enumerate(
        (
            [1, 2, 3, 4, 5, 6, 7, 8, 9],  # not aligned
            [1, 0, 2, 3, 4, 5, 6, 7, 8],  # not in order
            [0, 1, 2, 3, 4, 5, 6, 7, -1],  # not whole
        )
    ):
        path = written(tmp_path / str(number))
        alter_arrays(path, put("inputs", 0, inputs))
        refuses(path, message)


def test_structure_of_row_vector(tmp_path):
    message = "layer conv: OU 0: row_vector needs one whole column group as outputs, in order"
    for number, outputs in enumerate(([1, 2], [1, 0], [0, -1])):
        path = written(tmp_path / str(number), "row_vector")
        alter_arrays(path, put("outputs", 0, outputs))
        refuses(path, message)


def test_index_twice(tmp_path):
    path = written(tmp_path / "column")
    alter_arrays(path, put("outputs", 0, [3, 3]))
    refuses(path, "layer conv: OU 0: outputs has an index twice")
    path = written(tmp_path / "row", "row_vector")
    alter_arrays(path, put("inputs", 0, [3, 4, 5, 6, 7, 8, 9, 10, 4]))
    refuses(path, "layer conv: OU 0: inputs has an index twice")


def test_level_where_nothing_is_stored(tmp_path):
    path = written(tmp_path / "column", ou_rows=8, rows=16)
    last = load(path).layers[0].ous - 1
    alter_arrays(path, put("cells", (last, 5, 0), 1))
    refuses(path, f"OU {last}: cells has a level other than 0 where nothing is stored")
    path = written(tmp_path / "row", "row_vector", "differential")
    table = load(path).layers[0]
    assert table.outputs[-1].tolist() == [4, -1]
    last = table.ous - 1
    alter_arrays(path, put("cells_negative", (last, 0, 4), 1))
    refuses(path, f"OU {last}: cells_negative has a level other than 0 where nothing is stored")


def test_weight_out_of_range(tmp_path):
    # Three bits in two cells of two bits: the cells hold up to 15, a code is at most 7.
    path = written(tmp_path / "offset", weight_bits=3)
    alter_arrays(path, put("cells", (0, 0, slice(0, 2)), [0, 2]))
    refuses(path, "layer conv: OU 0: a weight is out of range: -4 to 3 are 3 bits")
    path = written(tmp_path / "differential", encoding="differential")

    def too_low(arrays):
        arrays["cells"][0, 0, :4] = 0
        arrays["cells_negative"][0, 0, :4] = [1, 0, 0, 2]

    alter_arrays(path, too_low)
    refuses(path, "layer conv: OU 0: a weight is out of range: -128 to 127 are 8 bits")


def test_weight_out_of_range_in_a_later_step(tmp_path, monkeypatch):
    monkeypatch.setattr(arch.validate_records, "_CHUNK", 1)
    path = written(tmp_path, weight_bits=3)
    alter_arrays(path, put("cells", (2, 0, slice(0, 2)), [0, 2]))
    refuses(path, "layer conv: OU 2: a weight is out of range: -4 to 3 are 3 bits")


def test_weight_in_both_arrays(tmp_path):
    path = written(tmp_path, encoding="differential")

    def both(arrays):
        # One more on either side leaves the weight, and with it the hash, as they were.
        lane = np.flatnonzero(
            (arrays["cells"][0, :, 0] < 3) & (arrays["cells_negative"][0, :, 0] < 3)
        )[0]
        arrays["cells"][0, lane, 0] += 1
        arrays["cells_negative"][0, lane, 0] += 1

    alter_arrays(path, both)
    refuses(path, "layer conv: OU 0: a weight is in both arrays")


def test_accumulator_too_wide(tmp_path):
    # 2,057 OUs of the largest results that there are; see the mapper's test of the same.
    wide = Geometry(rows=64, cols=2, ou_rows=64, ou_cols=2, cell_bits=7, adc_bits=8)
    spec = linear_spec(64 * 2057, 1, in_shape=(2057, 64, 1))
    layer = random_layer(spec, wide, np.random.default_rng(0), ratio=0)
    save(MappingTables(name="n", geometry=wide, layers=(map_layer(layer, wide),)), tmp_path)
    validate(tmp_path)
    alter_manifest(tmp_path, lambda manifest: manifest["geometry"].update(adc_bits=16))
    refuses(tmp_path, "layer layer: 2057 OUs add into one output, which takes an accumulator of 41")


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_any_value_anywhere(tmp_path_factory, data):
    """Any number in any array: refused in one line, or no part of what is stored."""
    scheme, encoding = data.draw(st.sampled_from(CASES))
    path = written(tmp_path_factory.mktemp("any") / "tables", scheme, encoding)
    before = load(path)

    def alter(arrays):
        name = data.draw(st.sampled_from(sorted(arrays)))
        array = arrays[name]
        place = data.draw(st.integers(0, array.size - 1))
        limits = np.iinfo(array.dtype)
        near = st.integers(max(-2, limits.min), min(70, limits.max))
        anything = st.integers(int(limits.min), int(limits.max))
        array.flat[place] = data.draw(st.one_of(near, anything))

    alter_arrays(path, alter)
    try:
        validate(path)
    except InputError as error:
        message = str(error)
    else:
        message = ""
        # Requantisation has no second copy to be checked against; all else must be as it was.
        for one, two in zip(before.layers, load(path).layers, strict=True):
            for name in ARRAYS_OF_OUS:
                assert np.array_equal(getattr(one, name), getattr(two, name))
    assert "\n" not in message
