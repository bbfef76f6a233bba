# amaranth: UnusedElaboratable=no
"""Result words: every extreme of value and number."""

import pytest
from amaranth import Module, Signal

from hw.link.result_word import ResultWord
from hw.testing import run, tick


@pytest.mark.parametrize("out_bits", [1, 9, 16])
@pytest.mark.parametrize("index_bits", [None, 16])
def test_words(out_bits, index_bits, tmp_path):
    """Values keep their sign; without numbers these bits are zero. Stalls go through."""
    dut = ResultWord(out_bits=out_bits, index_bits=index_bits)
    top = Module()
    top.submodules.dut = dut
    top.d.sync += Signal().eq(1)

    async def host(ctx):
        for value in (-(1 << out_bits - 1), -1, 0, (1 << out_bits - 1) - 1):
            for number in (0, 1, 0x7FFF) if index_bits else (0,):
                for last in (0, 1):
                    score = {"value": value, "last": last}
                    ctx.set(dut.i.payload, score | ({"index": number} if index_bits else {}))
                    ctx.set(dut.i.valid, last)
                    ctx.set(dut.o.ready, number & 1)
                    await tick(ctx)
                    word = value & 0xFFFF | number << 16 | last << 31
                    assert ctx.get(dut.o.payload) == word
                    assert (ctx.get(dut.o.valid), ctx.get(dut.i.ready)) == (last, number & 1)

    run(top, host, vcd=tmp_path / "word.vcd")


def test_too_wide():
    with pytest.raises(ValueError, match=r"^a result of 17 bits does not fit 16 bits$"):
        ResultWord(out_bits=17)
