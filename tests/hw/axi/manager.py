"""An AXI4-Lite manager for simulations, with pauses on every channel."""

import random

from hw.testing import sample, tick

__all__ = ["Manager"]

CHANNELS = {
    "aw": ("awaddr", "awprot"),
    "w": ("wdata", "wstrb"),
    "b": ("bresp",),
    "ar": ("araddr", "arprot"),
    "r": ("rdata", "rresp"),
}
BACK = "b", "r"


class Manager:
    """Gives the payloads of every channel in their order, whatever the others do.

    Parameters
    ----------
    axi : interface
        Of the one that answers.
    seed : int or None
        Of the pauses; without, there are none.
    """

    def __init__(self, axi, *, seed=None):
        self._axi = axi
        self._seed = seed
        self.answers = {"b": [], "r": []}

    def send(self, channel, payloads, *, after=0):
        """A testbench that offers payloads, ``after`` cycles later than it could."""

        async def testbench(ctx):
            rng = random.Random(f"{channel}{self._seed}")
            valid, ready = (getattr(self._axi, f"{channel}{end}") for end in ("valid", "ready"))
            await tick(ctx, after)
            for payload in payloads:
                await tick(ctx, 0 if self._seed is None else rng.choice((0, 0, 1, 2, 9)))
                for name, value in zip(CHANNELS[channel], payload, strict=True):
                    ctx.set(getattr(self._axi, name), value)
                ctx.set(valid, 1)
                while not await sample(ctx, ready):
                    pass
                ctx.set(valid, 0)

        return testbench

    def receive(self, channel, count):
        """A testbench that takes answers into :attr:`answers`."""

        async def testbench(ctx):
            rng = random.Random(f"{channel}{self._seed}")
            self.answers[channel].clear()
            valid, ready = (getattr(self._axi, f"{channel}{end}") for end in ("valid", "ready"))
            payload = [getattr(self._axi, name) for name in CHANNELS[channel]]
            while len(self.answers[channel]) < count:
                wants = 1 if self._seed is None else rng.getrandbits(1)
                ctx.set(ready, wants)
                there, *seen = await sample(ctx, valid, *payload)
                if there and wants:
                    self.answers[channel].append(tuple(seen))
            ctx.set(ready, 0)

        return testbench

    def watch(self, channel):
        """A background testbench that fails if what is offered is taken back or changes."""

        async def testbench(ctx):
            valid, ready = (getattr(self._axi, f"{channel}{end}") for end in ("valid", "ready"))
            payload = [getattr(self._axi, name) for name in CHANNELS[channel]]
            waiting = None
            while True:
                there, taken, *seen = await sample(ctx, valid, ready, *payload)
                assert waiting is None or (there and seen == waiting), f"{channel} took back"
                waiting = seen if there and not taken else None

        testbench.record = testbench
        return testbench

    def watches(self):
        return [self.watch(channel) for channel in CHANNELS]
