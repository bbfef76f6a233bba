# amaranth: UnusedElaboratable=no
"""Unit tests of memories for tables."""

import pytest
from amaranth import Module, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.rom import Contents, check_words, rom
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


@pytest.mark.parametrize("given", [[5, 127, 64], 3, 1], ids=str)
def test_contents(given, tmp_path):
    """Baked words need no port; room for words is filled through one, and is zero before."""

    class Holder(wiring.Component):
        def __init__(self):
            self.contents = Contents(given, shape=SHAPE)
            super().__init__({"at": In(2), "word": Out(7), **self.contents.ports})

        def elaborate(self, platform):
            m = Module()
            m.submodules.memory = memory = self.contents.memory(m, self)
            read = memory.read_port()
            m.d.comb += [read.addr.eq(self.at), self.word.eq(read.data.as_value())]
            return m

    dut = Holder()
    loadable = isinstance(given, int)
    words = [9, 0, 127][:given] if loadable else given

    async def testbench(ctx):
        for turn in range(2 if loadable else 1):
            for at, word in enumerate(words):
                ctx.set(dut.at, at)
                await tick(ctx)
                assert ctx.get(dut.word) == (word if turn or not loadable else 0)
            for at, word in enumerate(words if loadable else ()):
                ctx.set(dut.load.at, at)
                ctx.set(dut.load.data, word)
                ctx.set(dut.load.en, 1)
                await tick(ctx)
                ctx.set(dut.load.data, word ^ 1)
                ctx.set(dut.load.en, 0)
                await tick(ctx)

    assert dut.contents.depth == len(words)
    assert hasattr(dut, "load") == dut.contents.loadable == loadable
    run(dut, testbench, vcd=tmp_path / "contents.vcd")


def test_no_room():
    with pytest.raises(ValueError, match=r"^depth must be at least 1, not 0$"):
        Contents(0, shape=SHAPE)
