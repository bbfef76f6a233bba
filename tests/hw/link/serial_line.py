"""A serial line in a simulation: bytes as levels, with the bits as long as one likes."""

from arch.link_frame import Frame, FrameReader, encode_frame
from hw.testing import sample, tick

__all__ = ["SerialLine", "levels_of"]


def levels_of(byte, *, stop=1):
    """Levels of a byte: start bit, data, stop bit."""
    return [0, *(byte >> bit & 1 for bit in range(8)), stop]


class SerialLine:
    """The two wires of a device, seen from the host.

    Parameters
    ----------
    rx, tx : Signal
        Of the device.
    divisor : int
        Cycles of a bit of the device.
    slower : float
        How much longer the bits of the host are.
    """

    def __init__(self, rx, tx, divisor, slower=0.0):
        self.rx, self.tx, self.divisor = rx, tx, divisor
        self.bit = divisor * (1 + slower)

    async def send(self, ctx, data, *, stop=1):
        """Send bytes, one after the other without a pause."""
        levels = [level for byte in data for level in levels_of(byte, stop=stop)]
        passed = 0
        for number, level in enumerate(levels, start=1):
            ctx.set(self.rx, level)
            until = round(number * self.bit)
            await tick(ctx, until - passed)
            passed = until
        ctx.set(self.rx, 1)

    async def silence(self, ctx, bits):
        await tick(ctx, round(bits * self.bit))

    async def hear(self, ctx, patience):
        """The next byte; None if none begins within ``patience`` cycles."""
        while await sample(ctx, self.tx):
            patience -= 1
            if not patience:
                return None
        byte = 0
        await tick(ctx, self.divisor // 2)
        for bit in range(8):
            await tick(ctx, self.divisor - 1)
            byte |= await sample(ctx, self.tx) << bit
        await tick(ctx, self.divisor - 1)
        assert await sample(ctx, self.tx), "no stop bit"
        return byte

    async def answer(self, ctx, *, payload_max, patience=4_000):
        """The next frame; None if none comes."""
        reader = FrameReader(payload_max)
        while (byte := await self.hear(ctx, patience)) is not None:
            frames = reader.feed(bytes([byte]))
            if frames:
                return frames[0]
        return None

    async def ask(self, ctx, kind, sequence, payload=b"", *, payload_max, patience=4_000):
        """Send a request, and wait for its answer."""
        frame = Frame(kind=kind, sequence=sequence, payload=payload)
        await self.send(ctx, encode_frame(frame))
        return await self.answer(ctx, payload_max=payload_max, patience=patience)
