# amaranth: UnusedElaboratable=no
"""Unit tests of tile lead, against counting."""

import random

import pytest

from hw.testing import run, sample
from hw.tile_lead import TileLead


@pytest.mark.parametrize("tiles", [1, 2, 8])
@pytest.mark.parametrize("seed", [1, 2])
def test_matches_reference(tiles, seed, tmp_path):
    """A tile is ahead, by the cycle before, if it has ended more positions than some other."""
    dut = TileLead(tiles=tiles)

    async def testbench(ctx):
        rng = random.Random(seed)
        ends = [0] * tiles
        led = set()
        for _ in range(300):
            # Nobody is more than two positions ahead.
            ended = [end - min(ends) < 2 and rng.random() < 0.3 for end in ends]
            ctx.set(dut.ended, sum(flag << tile for tile, flag in enumerate(ended)))
            ahead = await sample(ctx, dut.ahead)
            leads = [end - min(ends) for end in ends]
            assert [ahead >> tile & 1 for tile in range(tiles)] == [lead > 0 for lead in leads]
            led |= set(leads)
            ends = [end + flag for end, flag in zip(ends, ended, strict=True)]
        assert led == ({0} if tiles == 1 else {0, 1, 2})

    run(dut, testbench, vcd=tmp_path / "lead.vcd")


def test_wrong_tiles():
    with pytest.raises(ValueError, match=r"^tiles must be at least 1, not 0$"):
        TileLead(tiles=0)
