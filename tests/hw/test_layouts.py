"""Unit tests of payload layouts."""

import pytest
from amaranth import Shape
from amaranth.lib import data

from arch.words import Field, WordLayout
from hw.layouts import span, struct

WORD = WordLayout((Field("at", 3), Field("lanes", 2, 4), Field("bias", 5, signed=True)))


@pytest.mark.parametrize(("count", "bits"), [(1, 1), (2, 1), (3, 2), (256, 8), (257, 9)])
def test_span(count, bits):
    """A number below ``count`` has the bits it needs, and at least one."""
    assert Shape.cast(span(count)).width == bits


def test_struct_reads_what_was_packed():
    values = {"at": 6, "lanes": [3, 0, 1, 2], "bias": -16}
    layout = struct(WORD)
    word = layout.from_bits(WORD.pack(values))
    assert (word.at, list(word.lanes), word.bias) == (6, [3, 0, 1, 2], -16)
    assert layout.size == WORD.width


def test_struct_keeps_the_order():
    layout = struct(WORD)
    assert [name for name, _ in layout] == ["at", "lanes", "bias"]
    assert [field.offset for _, field in layout] == [0, 3, 11]
    assert isinstance(layout["lanes"].shape, data.ArrayLayout)
