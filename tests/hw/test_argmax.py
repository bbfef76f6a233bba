# amaranth: UnusedElaboratable=no
"""Argmax against NumPy's, which takes the first of equals, too."""

import random

import numpy as np
import pytest

from hw.argmax import Argmax
from hw.testing import Watch, feed, run, take


@pytest.mark.parametrize("seed", [None, 4], ids="seed={}".format)
@pytest.mark.parametrize(("out_bits", "size"), [(1, 1), (3, 10), (16, 7), (16, 16)])
def test_matches_reference(out_bits, size, seed, tmp_path):
    """Images back to back, with the ends of the range and many equals."""
    rng = random.Random(out_bits)
    low, high = -(1 << out_bits - 1), (1 << out_bits - 1) - 1
    images = [[rng.randint(low, high) for _ in range(size)] for _ in range(20)]
    images += [[low] * size, [high] * size, [low] * (size - 1) + [high], [0] * size]
    results = [
        {"value": value, "last": int(place == size - 1)}
        for image in images
        for place, value in enumerate(image)
    ]
    dut = Argmax(out_bits=out_bits, index_bits=4)
    given, taken = Watch(dut.i), Watch(dut.o)
    run(
        dut,
        feed(dut.i, results, seed=seed),
        take(dut.o, len(images), seed=seed and seed + 1),
        watches=[given, taken],
        vcd=tmp_path / "argmax.vcd",
    )
    assert taken.payloads == [
        {"value": max(image), "index": int(np.argmax(image)), "last": 1} for image in images
    ]
    if seed is None:
        assert given.cycles == list(range(len(results)))
        assert taken.cycles == [size * (n + 1) for n in range(len(images))]


@pytest.mark.parametrize("name", ["out_bits", "index_bits"])
def test_wrong_size(name):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        Argmax(**({"out_bits": 1, "index_bits": 1} | {name: 0}))
