"""Helpers for simulating components with the Amaranth simulator."""

import random
from pathlib import Path

from amaranth.lib import data
from amaranth.sim import Simulator

__all__ = ["Watch", "access", "feed", "plain", "run", "sample", "take", "tick"]

CLOCK_PERIOD = 1e-6


def run(dut, *testbenches, watches=(), timeout=10_000, vcd=None):
    """Run ``testbenches`` against ``dut`` until every one of them returns.

    The simulation is repeated with waveform capture only if it fails, so that passing tests stay
    fast; a testbench must therefore make its state anew each time it is called.

    Parameters
    ----------
    watches : iterable of Watch
        Record beside the testbenches, and end with them.
    timeout : int
        Clock cycles after which the simulation is ended with :exc:`TimeoutError`.
    vcd : path, optional
        Where the waveform of a failure goes.
    """

    async def watchdog(ctx):
        await ctx.delay(timeout * CLOCK_PERIOD)
        raise TimeoutError(f"simulation did not finish within {timeout} cycles")

    sim = Simulator(dut)
    sim.add_clock(CLOCK_PERIOD)
    for testbench in testbenches:
        sim.add_testbench(testbench)
    for background in (*(watch.record for watch in watches), watchdog):
        sim.add_testbench(background, background=True)
    try:
        sim.run()
    except Exception:
        if vcd is not None:
            sim.reset()
            Path(vcd).parent.mkdir(parents=True, exist_ok=True)
            with sim.write_vcd(str(vcd)):
                sim.run()
        raise


async def tick(ctx, cycles=1):
    """Wait for ``cycles`` clock edges."""
    for _ in range(cycles):
        await ctx.tick()


async def sample(ctx, *values):
    """Wait for a clock edge and return what ``values`` were right before it."""
    # `ctx.tick().until()` and `.repeat()` leave a running async generator behind when another
    # testbench fails first (Amaranth 0.5); awaiting single ticks does not.
    _clk, _rst, *sampled = await ctx.tick().sample(*values)
    return sampled if len(sampled) > 1 else sampled[0]


def plain(value):
    """A sampled payload as dictionaries, lists and integers."""
    if not isinstance(value, data.Const):
        return value
    layout = value.shape()
    if isinstance(layout, data.ArrayLayout):
        return [plain(value[index]) for index in range(layout.length)]
    return {name: plain(value[name]) for name, _ in layout}


def feed(stream, payloads, *, seed=None):
    """A testbench that puts ``payloads`` into ``stream``.

    With a ``seed`` it pauses at random before each of them; without, never.
    """

    async def testbench(ctx):
        rng = random.Random(seed)
        for payload in payloads:
            await tick(ctx, 0 if seed is None else rng.choice((0, 0, 0, 1, 2, 7)))
            ctx.set(stream.payload, payload)
            ctx.set(stream.valid, 1)
            while not await sample(ctx, stream.ready):
                pass
            ctx.set(stream.valid, 0)

    return testbench


def take(stream, count, *, seed=None):
    """A testbench that takes ``count`` payloads out of ``stream``.

    With a ``seed`` it is not ready in random cycles, half of them; without, always ready.
    """

    async def testbench(ctx):
        rng = random.Random(seed)
        taken = 0
        while taken < count:
            ctx.set(stream.ready, 1 if seed is None else rng.getrandbits(1))
            taken += await sample(ctx, stream.valid & stream.ready)
        ctx.set(stream.ready, 0)

    return testbench


async def access(ctx, bus, at, *, write=None, sel=15):
    """Read the word at byte address ``at`` of a Wishbone bus, or write it.

    Returns
    -------
    int or None
        What was read; None if there is nothing at the address.
    """
    ctx.set(bus.adr, at // 4)
    ctx.set(bus.we, write is not None)
    ctx.set(bus.dat_w, write or 0)
    ctx.set(bus.sel, sel)
    ctx.set(bus.cyc, 1)
    ctx.set(bus.stb, 1)
    ack = err = 0
    while not ack | err:
        ack, err, word = await sample(ctx, bus.ack, bus.err, bus.dat_r)
    ctx.set(bus.cyc, 0)
    ctx.set(bus.stb, 0)
    return word if ack else None


class Watch:
    """Records every transfer of a stream during :func:`run`.

    The simulation fails when a payload that was offered changes or disappears before it is taken.

    Parameters
    ----------
    stream : stream interface

    Attributes
    ----------
    payloads : list
        What was transferred, as :func:`plain` gives it.
    cycles : list of int
        When; the simulation begins with cycle 0. All watches of a simulation count alike.
    """

    def __init__(self, stream):
        self._stream = stream
        self.payloads, self.cycles = [], []

    async def record(self, ctx):
        """Record from now on; what was recorded before is forgotten."""
        self.payloads.clear()
        self.cycles.clear()
        stream, waiting, cycle = self._stream, None, 0
        while True:
            valid, ready, payload = await sample(ctx, stream.valid, stream.ready, stream.payload)
            offered = plain(payload) if valid else None
            if waiting is not None and offered != waiting:
                raise AssertionError(f"cycle {cycle}: {waiting} became {offered} before it went")
            waiting = None if ready else offered
            if valid and ready:
                self.payloads.append(offered)
                self.cycles.append(cycle)
            cycle += 1
