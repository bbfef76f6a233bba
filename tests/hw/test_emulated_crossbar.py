# amaranth: UnusedElaboratable=no
"""Unit tests of the emulated crossbar, against a NumPy product."""

import numpy as np
import pytest
from amaranth import unsigned
from amaranth.lib import data

from hw.emulated_crossbar import EmulatedCrossbar, bit_line_bits
from hw.layouts import PlaneTag
from hw.testing import Watch, feed, run, tick

TAG = PlaneTag(outputs=unsigned(4))


def words_of(cells, cell_bits):
    """Cell memory words of levels of shape (N, arrays, ou_rows, ou_cols)."""
    return [
        sum(level << (place * cell_bits) for place, level in enumerate(ou.ravel().tolist()))
        for ou in cells
    ]


def tag_of(number):
    return {
        "first": number & 1,
        "last": number >> 1 & 1,
        "negative": number >> 2 & 1,
        "outputs": number % 16,
        "position_last": number >> 3 & 1,
    }


@pytest.mark.parametrize("arrays", [1, 2])
@pytest.mark.parametrize(
    ("ous", "ou_rows", "ou_cols", "cell_bits"),
    [(1, 1, 1, 1), (1, 4, 3, 8), (5, 9, 8, 2), (3, 16, 4, 1), (2, 3, 5, 4)],
)
@pytest.mark.parametrize("seed", [None, 1], ids="seed={}".format)
def test_matches_reference(arrays, ous, ou_rows, ou_cols, cell_bits, seed, tmp_path):
    rng = np.random.default_rng(2)
    top = (1 << cell_bits) - 1
    cells = rng.integers(0, top + 1, (ous, arrays, ou_rows, ou_cols))
    cells[-1] = top
    lines = rng.integers(0, 2, (24, ou_rows))
    lines[0], lines[-1] = 0, 1
    at = rng.integers(0, ous, 24)
    at[-1] = ous - 1
    beats = [
        {"word_lines": int(line @ (1 << np.arange(ou_rows))), "ou": int(ou), "tag": tag_of(number)}
        for number, (line, ou) in enumerate(zip(lines, at, strict=True))
    ]
    dut = EmulatedCrossbar(
        words_of(cells, cell_bits),
        ou_rows=ou_rows,
        ou_cols=ou_cols,
        cell_bits=cell_bits,
        arrays=arrays,
        tag=TAG,
    )
    given, seen = Watch(dut.i), Watch(dut.o)

    async def drive(ctx):
        await feed(dut.i, beats, seed=seed)(ctx)
        await tick(ctx, 4)

    run(dut, drive, watches=[given, seen], vcd=tmp_path / "crossbar.vcd")
    sums = np.einsum("pr,parc->pac", lines, cells[at]).reshape(24, -1)
    assert seen.payloads == [
        {"levels": levels, "ones": int(line.sum()), "tag": beat["tag"]}
        for levels, line, beat in zip(sums.tolist(), lines, beats, strict=True)
    ]
    assert max(seen.payloads[-1]["levels"]) == ou_rows * top
    assert seen.cycles == [cycle + 3 for cycle in given.cycles]
    if seed is None:
        assert seen.cycles == list(range(3, 27))


@pytest.mark.parametrize(
    ("ou_rows", "cell_bits", "bits"), [(1, 1, 1), (9, 2, 5), (8, 2, 5), (16, 1, 5), (64, 8, 14)]
)
def test_bit_line_bits(ou_rows, cell_bits, bits):
    assert bit_line_bits(ou_rows=ou_rows, cell_bits=cell_bits) == bits


def crossbar(words=(0,), **changes):
    sizes = {"ou_rows": 2, "ou_cols": 2, "cell_bits": 2, "arrays": 1} | changes
    return EmulatedCrossbar(words, **sizes, tag=TAG)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), r"^a memory needs at least one word$"),
        ((255, 256), r"^word 1 is 256, which does not fit 8 bits$"),
    ],
)
def test_wrong_words(words, message):
    with pytest.raises(ValueError, match=message):
        crossbar(words)


@pytest.mark.parametrize("arrays", [0, 3])
def test_wrong_arrays(arrays):
    with pytest.raises(ValueError, match=rf"^arrays must be 1 or 2, not {arrays}$"):
        crossbar(arrays=arrays)


@pytest.mark.parametrize("name", ["ou_rows", "ou_cols", "cell_bits"])
def test_wrong_size(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        crossbar(**{name: 0})


def test_tag_is_kept():
    """The layout of the tag is the caller's."""
    tag = data.StructLayout({"anything": 3})
    dut = EmulatedCrossbar([0], ou_rows=1, ou_cols=1, cell_bits=1, arrays=1, tag=tag)
    assert dut.i.p.tag.shape() == dut.o.p.tag.shape() == tag
