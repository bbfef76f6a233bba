# amaranth: UnusedElaboratable=no
"""UART receiver: bytes, wrong baud rates, disturbances, and silence."""

import pytest

from hw.link.uart_receive import UartReceive
from hw.testing import run, sample, tick
from tests.hw.link.serial_line import SerialLine, levels_of

BYTES = bytes([0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0x7E])


class Bench:
    """A receiver, and what it says."""

    def __init__(self, *, divisor=16, idle_bits=30, slower=0.0):
        self.dut = UartReceive(divisor=divisor, idle_bits=idle_bits)
        self.line = SerialLine(self.dut.rx, None, divisor, slower)
        self.bytes, self.bad_stops, self.silences = [], [], []

    async def record(self, ctx):
        for seen in (self.bytes, self.bad_stops, self.silences):
            seen.clear()
        dut, cycle, silent_before = self.dut, 0, 0
        while True:
            valid, byte, bad, silent = await sample(
                ctx, dut.valid, dut.byte, dut.bad_stop, dut.silent
            )
            assert not (valid and bad)
            if valid:
                self.bytes.append((cycle, byte))
            if bad:
                self.bad_stops.append(cycle)
            if silent != silent_before:
                self.silences.append((cycle, silent))
            silent_before = silent
            cycle += 1

    def simulate(self, host, tmp_path):
        run(self.dut, host, watches=[self], vcd=tmp_path / "receive.vcd")

    def received(self):
        return bytes(byte for _cycle, byte in self.bytes)


@pytest.mark.parametrize("divisor", [4, 5, 7, 16])
def test_latency(divisor, tmp_path):
    """Bytes without pauses, each in the middle of its stop bit."""
    bench = Bench(divisor=divisor)

    async def host(ctx):
        await bench.line.send(ctx, BYTES)
        await tick(ctx, 20)

    bench.simulate(host, tmp_path)
    assert bench.received() == BYTES
    first = 9 * divisor + divisor // 2 + 4
    assert [cycle for cycle, _byte in bench.bytes] == [
        first + 10 * divisor * number for number in range(len(BYTES))
    ]
    assert not bench.bad_stops


@pytest.mark.parametrize("divisor", [4, 9, 50])
@pytest.mark.parametrize("slower", [-0.02, 0.02])
def test_other_baud_rate(divisor, slower, tmp_path):
    """Two per cent more or less are no harm, however many bytes come without a pause."""
    bench = Bench(divisor=divisor, slower=slower)

    async def host(ctx):
        await bench.line.send(ctx, BYTES * 2)
        await tick(ctx, divisor)

    bench.simulate(host, tmp_path)
    assert bench.received() == BYTES * 2


def test_far_other_baud_rate(tmp_path):
    """With bits of twice the length bytes lack their stop bit."""
    bench = Bench(slower=1.0)

    async def host(ctx):
        await bench.line.send(ctx, bytes(5))

    bench.simulate(host, tmp_path)
    assert bench.bad_stops


@pytest.mark.parametrize("at", range(16))
def test_short_disturbances(at, tmp_path):
    """A wrong cycle in each bit, wherever it is, changes nothing; nor do short ones in pauses."""
    bench = Bench()

    async def host(ctx):
        for byte in BYTES:
            for level in levels_of(byte):
                for cycle in range(16):
                    ctx.set(bench.dut.rx, level ^ (cycle == at))
                    await tick(ctx)
            ctx.set(bench.dut.rx, 1)
            await tick(ctx, 40)
            for length in (1, 3, 7):
                ctx.set(bench.dut.rx, 0)
                await tick(ctx, length)
                ctx.set(bench.dut.rx, 1)
                await tick(ctx, 20)

    bench.simulate(host, tmp_path)
    assert (bench.received(), bench.bad_stops) == (BYTES, [])


def test_byte_without_stop_bit(tmp_path):
    """Reported once, however long the line stays low; then bytes come again."""
    bench = Bench()

    async def host(ctx):
        await bench.line.send(ctx, b"\x12")
        await bench.line.send(ctx, b"\x34", stop=0)
        await tick(ctx, 3)
        await bench.line.send(ctx, b"\x56")
        ctx.set(bench.dut.rx, 0)
        await tick(ctx, 16 * 45)
        ctx.set(bench.dut.rx, 1)
        await tick(ctx, 5)
        await bench.line.send(ctx, b"\x78\x9a")

    bench.simulate(host, tmp_path)
    assert (bench.received(), len(bench.bad_stops)) == (b"\x12\x56\x78\x9a", 2)


def test_silence(tmp_path):
    """After so many bits without a start bit; ends with the next one, not with a disturbance."""
    divisor, idle_bits = 8, 12
    bench = Bench(divisor=divisor, idle_bits=idle_bits)

    async def host(ctx):
        await bench.line.send(ctx, b"\x01")
        await bench.line.silence(ctx, idle_bits + 4)
        ctx.set(bench.dut.rx, 0)
        await tick(ctx, 2)
        ctx.set(bench.dut.rx, 1)
        await bench.line.silence(ctx, 5)
        await bench.line.send(ctx, b"\x02")
        await bench.line.silence(ctx, idle_bits - 1)
        await bench.line.send(ctx, b"\x03")
        await bench.line.silence(ctx, idle_bits + 1)
        ctx.set(bench.dut.rx, 0)  # a line that stays low is not silent
        await bench.line.silence(ctx, 3 * idle_bits)

    bench.simulate(host, tmp_path)
    assert bench.received() == b"\x01\x02\x03"
    assert [silent for _cycle, silent in bench.silences] == [1, 0, 1, 0]
    stop = bench.bytes[0][0]
    assert 0 <= bench.silences[0][0] - stop - idle_bits * divisor <= 2


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"divisor": 3}, "divisor must be at least 4, not 3"),
        ({"idle_bits": 0}, "idle_bits must be at least 1, not 0"),
    ],
)
def test_wrong_sizes(sizes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        UartReceive(**({"divisor": 8, "idle_bits": 20} | sizes))
