"""Memories in memory blocks; the examples were synthesised, see docs/synthesis.md."""

from itertools import pairwise

import pytest

from arch.fpga_parts import FPGA_PARTS, blocks_of


@pytest.mark.parametrize(
    ("words", "bits", "blocks"),
    [
        (1, 1, 1),
        (512, 36, 1),
        (513, 36, 2),
        (512, 37, 2),
        (1024, 18, 1),
        (128, 72, 2),
        (344, 144, 4),
        (400, 8, 1),
        (16385, 1, 2),
        (2048, 10, 2),
    ],
)
def test_blocks_of_an_ecp5(words, bits, blocks):
    assert blocks_of(words, bits, FPGA_PARTS["ecp5-25f"]) == blocks


def test_blocks_of_an_ice40():
    part = FPGA_PARTS["ice40-up5k"]
    assert blocks_of(256, 16, part) == 1
    assert blocks_of(257, 16, part) == 2
    assert blocks_of(344, 144, part) == 18


def test_parts_grow():
    parts = list(FPGA_PARTS.values())
    for smaller, larger in pairwise(parts):
        assert smaller.luts < larger.luts
        assert smaller.blocks * max(w * b for w, b in smaller.forms) < larger.blocks * 16384
        assert smaller.multipliers < larger.multipliers
