# amaranth: UnusedElaboratable=no
"""The simulation helpers must be able to fail."""

import pytest
from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.testing import Watch, feed, run, take, tick


class Register(wiring.Component):
    """One stage of a stream, as it should be, or with a mistake."""

    def __init__(self, *, mistake=None):
        self._mistake = mistake
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        step = ~self.o.valid | self.o.ready
        m.d.comb += self.i.ready.eq(1 if self._mistake == "forgets" else step)
        with m.If(1 if self._mistake == "forgets" else step):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.p.eq(self.i.p)]
        with m.If(self._mistake == "withdraws"):
            m.d.sync += self.o.valid.eq(self.i.valid & ~self.o.valid)
        return m


@pytest.mark.parametrize("seed", [None, 1, 2], ids="seed={}".format)
def test_transfers_everything(seed):
    dut = Register()
    given, taken = Watch(dut.i), Watch(dut.o)

    async def consume(ctx):
        await take(dut.o, 30, seed=seed)(ctx)
        await tick(ctx)

    run(dut, feed(dut.i, range(30), seed=seed and 9), consume, watches=[given, taken])
    assert given.payloads == taken.payloads == list(range(30))
    assert (given.cycles == list(range(30))) == (seed is None)
    assert all(after > before for before, after in zip(given.cycles, taken.cycles, strict=True))


@pytest.mark.parametrize("mistake", ["forgets", "withdraws"])
def test_offers_must_stay(mistake, tmp_path):
    """What was offered may neither change nor disappear; a failure leaves a waveform."""
    dut = Register(mistake=mistake)
    vcd = tmp_path / "new" / "register.vcd"

    async def slow(ctx):
        await tick(ctx, 9)

    with pytest.raises(AssertionError, match=r"^cycle \d+: 1 became (2|None) before it went$"):
        run(dut, feed(dut.i, [1, 2, 3]), slow, watches=[Watch(dut.o)], vcd=vcd)
    assert vcd.stat().st_size > 0


def test_timeout():
    """A testbench that waits for ever is ended."""
    dut = Register()
    with pytest.raises(TimeoutError, match=r"^simulation did not finish within 50 cycles$"):
        run(dut, take(dut.o, 1), timeout=50)
