# amaranth: UnusedElaboratable=no
"""Result select: one stream passes, the others wait."""

import pytest
from amaranth import Module, Signal

from hw.result_select import ResultSelect
from hw.testing import Watch, feed, run, take, tick


@pytest.mark.parametrize("seed", [None, 6], ids="seed={}".format)
@pytest.mark.parametrize("sources", [1, 3])
def test_passes_what_is_selected(sources, seed, tmp_path):
    dut = ResultSelect(sources=sources, out_bits=8)
    top = Module()
    top.submodules.dut = dut
    top.d.sync += Signal().eq(0)  # the device itself has no clock
    results = [[-128 + n, n, 127 - n] for n in range(sources)]
    given = [Watch(getattr(dut, f"i{n}")) for n in range(sources)]
    taken = Watch(dut.o)

    async def testbench(ctx):
        for source in reversed(range(sources)):
            ctx.set(dut.select, source)
            while len(taken.payloads) < 3 * (sources - source):
                await tick(ctx)

    run(
        top,
        testbench,
        *(feed(getattr(dut, f"i{n}"), values, seed=seed) for n, values in enumerate(results)),
        take(dut.o, 3 * sources, seed=seed and seed + 1),
        watches=[*given, taken],
        vcd=tmp_path / "select.vcd",
    )
    assert taken.payloads == [value for values in reversed(results) for value in values]
    assert taken.cycles == [cycle for watch in reversed(given) for cycle in watch.cycles]


def test_wrong_size():
    with pytest.raises(ValueError, match=r"^sources must be at least 1, not 0$"):
        ResultSelect(sources=0, out_bits=8)
