# amaranth: UnusedElaboratable=no
"""Unit tests of read-only memories."""

import pytest
from amaranth import Module, signed, unsigned
from amaranth.lib import data

from hw.rom import check_words, rom
from hw.testing import plain, run, tick

SHAPE = data.StructLayout({"low": unsigned(3), "high": signed(4)})


@pytest.mark.parametrize("words", [[0b1000_111], [5, 127, 64], [0] * 4], ids=len)
def test_holds_the_words(words, tmp_path):
    """Every word is read one cycle after its address; the only word has a double behind it."""
    m = Module()
    m.submodules.memory = memory = rom(shape=SHAPE, words=words)
    port = memory.read_port()

    async def testbench(ctx):
        for at, word in enumerate(words):
            ctx.set(port.addr, at)
            await tick(ctx)
            seen = plain(ctx.get(port.data))
            assert seen == {"low": word & 7, "high": ((word >> 3) ^ 8) - 8}

    assert memory.depth == max(2, len(words))
    run(m, testbench, vcd=tmp_path / "rom.vcd")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a memory needs at least one word"),
        ([127, 128], "word 1 is 128, which does not fit 7 bits"),
        ([-1], "word 0 is -1, which does not fit 7 bits"),
    ],
)
def test_wrong_words(words, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        check_words(words, shape=SHAPE)
