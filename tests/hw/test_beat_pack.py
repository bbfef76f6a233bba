# amaranth: UnusedElaboratable=no
"""Beat pack against beats cut by hand."""

import random

import pytest

from hw.beat_pack import BeatPack
from hw.testing import Watch, feed, run, take


def runs_of(beats, lanes, code_bits, rng):
    """Cut beats into runs; banks that a run does not use carry rubbish."""
    runs = []
    for beat in beats:
        lane = 0
        while lane < len(beat):
            count = rng.randint(1, min(lanes, len(beat) - lane))
            bank = rng.randrange(lanes)
            values = [rng.getrandbits(code_bits) for _ in range(lanes)]
            for n in range(count):
                values[(bank + n) % lanes] = beat[lane + n]
            runs.append(
                {"values": values, "bank": bank, "count": count, "lane": lane}
                | {"beat_last": int(lane + count == len(beat)), "last": 0}
            )
            lane += count
    return runs


@pytest.mark.parametrize("seed", [None, 8], ids="seed={}".format)
@pytest.mark.parametrize(("lanes", "beat"), [(1, 1), (1, 4), (2, 5), (4, 9), (4, 3), (8, 16)])
def test_matches_reference(lanes, beat, seed, tmp_path):
    """Whole beats and shorter ones, however they are cut; one cycle after the last run."""
    rng = random.Random(beat)
    sizes = [beat, beat, rng.randint(1, beat), beat, 1]
    beats = [[rng.randrange(256) for _ in range(size)] for size in sizes]
    runs = runs_of(beats, lanes, 8, rng)
    dut = BeatPack(code_bits=8, act_bits=6, lanes=lanes, beat=beat)
    given, taken = Watch(dut.i), Watch(dut.o)
    run(
        dut,
        feed(dut.i, runs, seed=seed),
        take(dut.o, len(beats), seed=seed and seed + 1),
        watches=[given, taken],
        vcd=tmp_path / "pack.vcd",
    )
    for expected, seen in zip(beats, taken.payloads, strict=True):
        assert seen[: len(expected)] == [code & 63 for code in expected]
    if seed is None:
        ends = [n for n, item in enumerate(runs) if item["beat_last"]]
        assert given.cycles == list(range(len(runs)))
        assert taken.cycles == [end + 1 for end in ends]


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"^act_bits must be at most 4, as elements, not 5$"):
        BeatPack(code_bits=4, act_bits=5, lanes=4, beat=9)
    with pytest.raises(ValueError, match=r"^beat must be at least 1, not 0$"):
        BeatPack(code_bits=4, act_bits=4, lanes=4, beat=0)
