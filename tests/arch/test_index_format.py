import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arch import index_format
from arch.geometry import Geometry
from arch.index_fields import index_widths
from arch.index_format import FORMATS, entropy_bits
from arch.program import build_program
from arch.tables import MappingTables
from sw.mapping import map_layer
from tests.sw.integer_layers import layers, linear_spec, random_layer

GEOMETRY = Geometry(rows=8, cols=16, ou_rows=4, ou_cols=8)


def table_of(scheme, kept):
    spec = linear_spec(6, 3, scheme=scheme)
    layer = random_layer(spec, GEOMETRY, np.random.default_rng(0), kept=np.array(kept))
    return map_layer(layer, GEOMETRY)


COLUMN_VECTOR = table_of("column_vector", [[True, False, True], [False, True, False]])
ROW_VECTOR = table_of("row_vector", [[True, False]] * 2 + [[False, True]] * 2 + [[True, True]] * 2)


def bit_string(encoded):
    bits = np.unpackbits(np.frombuffer(encoded.payload, dtype=np.uint8), bitorder="little")
    assert len(encoded.payload) == -(-encoded.bits // 8)
    assert not bits[encoded.bits :].any()
    return "".join(map(str, bits[: encoded.bits]))


@pytest.mark.parametrize("name", FORMATS)
@given(layers())
def test_decodes_to_the_records(name, drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    encoded = FORMATS[name].encode(table, geometry)
    assert len(encoded.payload) == -(-encoded.bits // 8)
    inputs, outputs = FORMATS[name].decode(encoded, table.spec, geometry)
    for decoded, original in ((inputs, table.inputs), (outputs, table.outputs)):
        assert decoded.dtype == np.int32
        assert decoded.shape == original.shape
        assert (decoded == original).all()


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_parts_change_nothing(scheme, monkeypatch):
    spec = linear_spec(90, 11, scheme=scheme)
    table = map_layer(random_layer(spec, GEOMETRY, np.random.default_rng(1), ratio=0.4), GEOMETRY)
    whole = FORMATS["explicit"].encode(table, GEOMETRY)
    monkeypatch.setattr(index_format, "_CHUNK", 8)
    assert table.ous > 16
    assert table.ous % 8
    assert FORMATS["explicit"].encode(table, GEOMETRY) == whole


@given(layers())
def test_sizes(drawn):
    layer, geometry = drawn
    spec, table = layer.spec, map_layer(layer, geometry)
    explicit = FORMATS["explicit"].encode(table, geometry)
    modes = {key: explicit.parameters[key] for key in ("input_mode", "output_mode")}
    widths = index_widths(spec.rows, spec.cols, geometry, **modes)
    assert explicit.bits == table.ous * sum(count * bits for count, bits in widths.values())
    assert FORMATS["bitmap"].encode(table, geometry).bits == table.segments


@given(layers())
@settings(deadline=None)
def test_explicit_is_what_the_hardware_reads(drawn):
    layer, geometry = drawn
    table = map_layer(layer, geometry)
    assume(table.ous)
    encoded = FORMATS["explicit"].encode(table, geometry)
    modes = {key: encoded.parameters[key] for key in ("input_mode", "output_mode")}
    widths = index_widths(layer.spec.rows, layer.spec.cols, geometry, **modes)
    program = build_program(MappingTables(name="n", geometry=geometry, layers=(table,)))
    width = program.shape.index_layout.width
    # A memory has no field without bits: one that the format leaves out takes a bit there.
    padding = sum(count for count, bits in widths.values() if bits == 0)
    assert encoded.bits == table.ous * (width - padding)
    if not padding:
        memory = sum(word << (ou * width) for ou, word in enumerate(program.index_words[0]))
        assert int.from_bytes(encoded.payload, "little") == memory


def test_explicit_by_hand():
    # OU 0: block 0, columns 0 and 2; OU 1: block 1, column 1 and none (3). One bit of block number,
    # two bits a column, least significant bit first.
    encoded = FORMATS["explicit"].encode(COLUMN_VECTOR, GEOMETRY)
    assert encoded.parameters == {"ous": 2, "input_mode": "block", "output_mode": "list"}
    assert bit_string(encoded) == "0" + "00" + "01" + "1" + "10" + "11"
    # OU 0: rows 0, 1, 4, 5 of group 0; OU 1: rows 2, 3, 4, 5 of group 1. Four block numbers, four
    # lanes of three bits, a group number.
    encoded = FORMATS["explicit"].encode(ROW_VECTOR, GEOMETRY)
    assert encoded.parameters == {"ous": 2, "input_mode": "list", "output_mode": "group"}
    first, second = "0011" + "000100000100" + "0", "0011" + "010110000100" + "1"
    assert bit_string(encoded) == first + second


def test_bitmap_by_hand():
    # Block by block, columns ascending; group by group, rows ascending.
    assert bit_string(FORMATS["bitmap"].encode(COLUMN_VECTOR, GEOMETRY)) == "101" + "010"
    assert bit_string(FORMATS["bitmap"].encode(ROW_VECTOR, GEOMETRY)) == "110011" + "001111"


def test_explicit_takes_any_records():
    rng = np.random.default_rng(5)
    table = dataclasses.replace(
        COLUMN_VECTOR,
        inputs=rng.integers(-1, 6, (20, 4), dtype=np.int32),
        outputs=rng.integers(-1, 3, (20, 2), dtype=np.int32),
        crossbar=np.zeros(20, dtype=np.int32),
    )
    encoded = FORMATS["explicit"].encode(table, GEOMETRY)
    inputs, outputs = FORMATS["explicit"].decode(encoded, table.spec, GEOMETRY)
    assert (inputs == table.inputs).all()
    assert (outputs == table.outputs).all()


def test_bitmap_refuses_records_in_another_order():
    for table in (COLUMN_VECTOR, ROW_VECTOR):
        order = [1, 0]
        other = dataclasses.replace(table, inputs=table.inputs[order], outputs=table.outputs[order])
        with pytest.raises(ValueError, match="layer layer: the OUs are not packed by the rule"):
            FORMATS["bitmap"].encode(other, GEOMETRY)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("change", ["bits", "payload"])
def test_wrong_length(name, change):
    encoded = FORMATS[name].encode(ROW_VECTOR, GEOMETRY)
    changed = {"bits": encoded.bits + 1, "payload": encoded.payload + b"\0"}
    with pytest.raises(ValueError, match=f"must have {encoded.bits} bits, not "):
        FORMATS[name].decode(
            dataclasses.replace(encoded, **{change: changed[change]}), ROW_VECTOR.spec, GEOMETRY
        )


def exact_entropy(segments, kept):
    """log2 of the binomial from exact integers, for numbers that no float holds."""
    count = math.comb(segments, kept)
    shift = max(0, count.bit_length() - 60)
    return shift + math.log2(float(Fraction(count, 1 << shift)))


@given(st.integers(0, 6000), st.data())
def test_entropy_matches_integers(segments, data):
    kept = data.draw(st.integers(0, segments))
    assert entropy_bits(segments, kept) == pytest.approx(exact_entropy(segments, kept), rel=1e-9)


@pytest.mark.parametrize(("segments", "kept"), [(2002, 1001), (20_000, 1001), (60_000, 30_000)])
def test_entropy_of_many_segments(segments, kept):
    assert entropy_bits(segments, kept) == pytest.approx(exact_entropy(segments, kept), rel=1e-9)


def test_entropy_by_hand():
    assert entropy_bits(0, 0) == 0
    assert entropy_bits(5, 0) == entropy_bits(5, 5) == 0
    assert entropy_bits(4, 2) == pytest.approx(math.log2(6))
    assert entropy_bits(1 << 27, 1) == pytest.approx(27, rel=1e-12)
    assert entropy_bits(1 << 27, (1 << 27) - 1) == pytest.approx(27, rel=1e-12)
    assert entropy_bits(1 << 27, 1 << 26) < 1 << 27


def test_wrong_entropy():
    for kept in (-1, 6):
        with pytest.raises(ValueError, match=f"kept must be 0 to 5, not {kept}"):
            entropy_bits(5, kept)
