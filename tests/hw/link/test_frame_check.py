# amaranth: UnusedElaboratable=no
"""Frame check: the CRC of zlib, for either of its users."""

import zlib

import pytest

from hw.link.frame_check import FrameCheck
from hw.testing import run, tick


@pytest.mark.parametrize("name", ["receive", "send"])
@pytest.mark.parametrize("pause", [0, 5])
def test_crc(name, pause, tmp_path):
    """Of several frames; nine cycles from a byte to the CRC with it, a byte in eight cycles."""
    dut = FrameCheck()
    user = getattr(dut, name)

    async def host(ctx):
        for data in (b"\x00", b"123456789", bytes(range(250, 256)) * 2):
            ctx.set(user.start, 1)
            await tick(ctx)
            ctx.set(user.start, 0)
            for number, byte in enumerate(data + zlib.crc32(data).to_bytes(4, "little")):
                ctx.set(user.byte, byte)
                ctx.set(user.valid, 1)
                await tick(ctx)
                ctx.set(user.valid, 0)
                ctx.set(user.byte, 0x55)
                for _ in range(7):
                    assert ctx.get(user.busy)
                    await tick(ctx)
                if number == len(data) - 1:
                    await tick(ctx)
                    assert not ctx.get(user.busy)
                    assert ctx.get(user.crc) == zlib.crc32(data)
                    assert not ctx.get(user.right)
                await tick(ctx, pause)
            await tick(ctx)
            assert ctx.get(user.right)

    run(dut, host, vcd=tmp_path / "check.vcd")
