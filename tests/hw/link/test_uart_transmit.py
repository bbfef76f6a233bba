# amaranth: UnusedElaboratable=no
"""UART transmitter: levels of the line, cycle by cycle."""

import pytest

from hw.link.uart_transmit import UartTransmit
from hw.testing import Watch, feed, run, sample, tick
from tests.hw.link.serial_line import levels_of


def levels(dut, seen):
    async def record(ctx):
        seen.clear()
        while True:
            seen.append(await sample(ctx, dut.tx))

    return record


class Recorder:
    """Records the line in the background."""

    def __init__(self, dut):
        self.seen = []
        self.record = levels(dut, self.seen)


@pytest.mark.parametrize("divisor", [1, 4, 7])
@pytest.mark.parametrize("seed", [None, 2])
def test_levels(divisor, seed, tmp_path):
    """Two cycles from a byte to its start bit; the next one is taken after the stop bit."""
    dut, data = UartTransmit(divisor=divisor), [0x00, 0xFF, 0x35, 0x7E, 0x80]
    given, line = Watch(dut.i), Recorder(dut)

    async def end(ctx):
        while len(given.payloads) < len(data):
            await tick(ctx)
        await tick(ctx, 12 * divisor)

    run(
        dut,
        feed(dut.i, data, seed=seed),
        end,
        watches=[given, line],
        vcd=tmp_path / "transmit.vcd",
    )
    expected = [1] * len(line.seen)
    for cycle, byte in zip(given.cycles, data, strict=True):
        for bit, level in enumerate(levels_of(byte)):
            at = cycle + 2 + bit * divisor
            expected[at : at + divisor] = [level] * divisor
    assert line.seen == expected
    assert given.payloads == data
    if seed is None:
        assert given.cycles == [(10 * divisor + 1) * number for number in range(len(data))]


def test_wrong_divisor():
    with pytest.raises(ValueError, match=r"^divisor must be at least 1, not 0$"):
        UartTransmit(divisor=0)
