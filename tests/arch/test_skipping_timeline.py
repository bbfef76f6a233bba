"""The cycles of a layer with planes skipped, one by one: their sums are those of the model.

The hardware is compared in ``tests/hw/test_timeline.py``, cycle by cycle.
"""

from collections import Counter

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.layer_timeline import IdleCycle
from arch.plane_counts import issued_planes
from arch.skipping_cycles import work_of_layer
from arch.skipping_timeline import SkippingTimeline
from tests.arch.test_layer_timeline import one_layer


def windows(seed, shape):
    """Sparse activations: half of the rows are 0 in some positions, all in one."""
    found = np.random.default_rng(seed).integers(0, 256, shape) & 0b0110_0101
    found[1, : shape[1] // 2] = 0
    found[2] = 0
    return found


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize("tiles", [1, 2, 8])
@pytest.mark.parametrize(("load", "first_beat", "late"), [(4, 1, 0), (50, 7, 3)])
def test_adds_up(tiles, scheme, load, first_beat, late):
    table, shape = one_layer(Geometry(tiles=tiles), rows=40, scheme=scheme, skip=True)
    inputs = windows(tiles, (5, 40))
    pace = {"load": load, "first_beat": first_beat, "late": late}
    timeline = SkippingTimeline(table, shape, inputs, **pace)
    model = work_of_layer(table, shape, inputs, **pace)
    assert timeline.total == model.total
    causes, planes = Counter(), Counter()
    for tile in range(timeline.tiles):
        for cycle in range(1, timeline.total + 1):
            found = timeline.at(tile, cycle)
            if isinstance(found, IdleCycle):
                causes[found.cause] += 1
            else:
                planes[found.position, found.ou] += 1
    assert causes == Counter({cause: count for cause, count in model.idle.items() if count})
    assert planes.total() == model.planes
    every = issued_planes(table, inputs, 8)
    for (position, ou), count in planes.items():
        # The last OU of a tile ends a position with a plane of zeros, if it has no other.
        if ou is not None and count != every[position, ou]:
            assert (count, every[position, ou]) == (1, 0)


def test_what_is_not_there():
    table, shape = one_layer(Geometry(), skip=True)
    timeline = SkippingTimeline(table, shape, windows(0, (4, 30)))
    for cycle in (0, timeline.total + 1):
        with pytest.raises(IndexError, match=rf"^no cycle {cycle} of {timeline.total}$"):
            timeline.at(0, cycle)
    with pytest.raises(ValueError, match=r"^positions must be at least 1, not 0$"):
        SkippingTimeline(table, shape, np.zeros((0, 30), dtype=int))
