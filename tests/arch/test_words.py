"""Memory words: packing named fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.words import Field, WordLayout

LAYOUT = WordLayout(
    (Field("block", 3), Field("lanes", 2, 4), Field("none", 0), Field("bias", 5, signed=True))
)


def test_width():
    assert [field.width for field in LAYOUT.fields] == [3, 8, 0, 5]
    assert LAYOUT.width == 16
    assert WordLayout(()).width == 0


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"block": 0, "lanes": [0, 0, 0, 0], "none": 0, "bias": 0}, 0),
        ({"block": 7, "lanes": [3, 3, 3, 3], "none": 0, "bias": -1}, 0xFFFF),
        ({"block": 5, "lanes": [1, 0, 0, 2], "none": 0, "bias": -16}, 0b10000_10_00_00_01_101),
        ({"block": 1, "lanes": (0, 3, 0, 0), "none": 0, "bias": 15}, 0b01111_00_00_11_00_001),
    ],
)
def test_pack(values, word):
    """The first field and the first element lie in the least significant bits."""
    assert LAYOUT.pack(values) == word


@given(
    st.integers(0, 7),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.integers(-16, 15),
)
def test_pack_keeps_every_field(block, lanes, bias):
    word = LAYOUT.pack({"block": block, "lanes": lanes, "none": 0, "bias": bias})
    assert word & 7 == block
    assert [word >> (3 + 2 * place) & 3 for place in range(4)] == lanes
    assert ((word >> 11) ^ 16) - 16 == bias


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("block", 8, "field block holds 0 to 7, not 8"),
        ("block", -1, "field block holds 0 to 7, not -1"),
        ("lanes", [0, 4, 0, 0], "field lanes holds 0 to 3, not 4"),
        ("lanes", [0, 0, 0], "field lanes has 4 elements, not 3"),
        ("lanes", 0, "field lanes has 4 elements, not 1"),
        ("block", [0, 0], "field block has 1 elements, not 2"),
        ("none", 1, "field none holds 0 to 0, not 1"),
        ("bias", 16, "field bias holds -16 to 15, not 16"),
        ("bias", -17, "field bias holds -16 to 15, not -17"),
    ],
)
def test_wrong_value(name, value, message):
    values = {"block": 0, "lanes": [0] * 4, "none": 0, "bias": 0} | {name: value}
    with pytest.raises(ValueError, match=f"^{message}$"):
        LAYOUT.pack(values)


def test_missing_field():
    with pytest.raises(ValueError, match=r"^field bias is missing$"):
        LAYOUT.pack({"block": 0, "lanes": [0] * 4, "none": 0})
