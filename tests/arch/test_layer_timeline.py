"""The cycles of a layer one by one: their sums are those of the closed forms.

The hardware is compared in ``tests/hw/test_timeline.py``, cycle by cycle.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.cycles import layer_cycles
from arch.fixed import ActFormat
from arch.geometry import Geometry
from arch.idle_cycles import layer_idle
from arch.layer_timeline import IdleCycle, IssuedPlane, LayerTimeline
from arch.program import needed_shape
from arch.skipping_cycles import work_of_layer
from arch.tables import MappingTables
from arch.tiles import ous_by_tile
from sw.mapping import map_layer
from tests.sw.integer_layers import linear_spec, random_layer


def one_layer(geometry, *, rows=30, cols=7, ratio=0.4, scheme="column_vector", seed=0, skip=False):
    """A layer and the engine for it."""
    activation = ActFormat(bits=geometry.act_bits)
    spec = linear_spec(rows, cols, scheme=scheme, activation=activation)
    layer = random_layer(spec, geometry, np.random.default_rng(seed), ratio=ratio)
    table = map_layer(layer, geometry)
    tables = MappingTables(name="n", geometry=geometry, layers=(table,))
    return table, needed_shape(tables, None, skip_zero_planes=skip)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 60),
    cols=st.integers(1, 12),
    ratio=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    scheme=st.sampled_from(["column_vector", "row_vector"]),
    tiles=st.sampled_from([1, 2, 4, 8]),
    act_bits=st.integers(1, 8),
    load=st.integers(1, 70),
    positions=st.integers(1, 6),
    late=st.integers(0, 3),
)
def test_adds_up(rows, cols, ratio, scheme, tiles, act_bits, load, positions, late):
    """Every cycle is a plane or has a cause, as often as the closed forms say."""
    geometry = Geometry(tiles=tiles, act_bits=act_bits)
    table, shape = one_layer(geometry, rows=rows, cols=cols, ratio=ratio, scheme=scheme)
    form = replace(layer_cycles(table, shape, positions=positions), load=load)
    timeline = LayerTimeline(table, shape, positions=positions, load=load, late=late)
    assert timeline.total == form.total + late
    assert timeline.tiles == tiles
    causes, planes = Counter(), Counter()
    for tile in range(tiles):
        for cycle in range(1, timeline.total + 1):
            found = timeline.at(tile, cycle)
            if isinstance(found, IssuedPlane):
                planes[tile, found.position, found.ou, found.plane] += 1
            else:
                causes[found.cause] += 1
    expected = layer_idle(form, late=late)
    assert causes == Counter({cause: count for cause, count in expected.items() if count})
    assert set(planes.values()) == {1}
    assert planes.keys() == {
        (tile, position, ou, plane)
        for tile, ous in enumerate(ous_by_tile(table, tiles))
        for position in range(positions)
        for ou in ous.tolist() or [None]
        for plane in range(act_bits)
    }


def test_both_ways():
    """An OU's own cycles lead back to it, plane by plane, most significant first."""
    table, shape = one_layer(Geometry(tiles=2))
    timeline = LayerTimeline(table, shape, positions=4)
    for tile, ous in enumerate(ous_by_tile(table, 2)):
        for place, ou in enumerate(ous.tolist()):
            for position in range(4):
                times = timeline.times(tile, place, position)
                assert times.loaded < times.read_first <= times.read_last < times.planes_first - 1
                assert times.planes_last == times.planes_first + 7
                for turn in range(8):
                    found = timeline.at(tile, times.planes_first + turn)
                    assert found == IssuedPlane(position=position, ou=ou, plane=7 - turn)


def test_by_hand():
    """One OU, one position: loaded in 3, read in 5, taken in 7, eight planes, one output."""
    table, shape = one_layer(Geometry(), rows=5, cols=1, ratio=0.0)
    timeline = LayerTimeline(table, shape, positions=1)
    causes = [
        found.cause if isinstance(found, IdleCycle) else found.plane
        for found in (timeline.at(0, cycle) for cycle in range(1, timeline.total + 1))
    ]
    assert causes == ["window"] * 3 + ["input"] * 3 + [7, 6, 5, 4, 3, 2, 1, 0] + ["output"] * 18
    assert vars(timeline.times(0, 0, 0)) == {
        "loaded": 3, "read_first": 4, "read_last": 4, "planes_first": 7, "planes_last": 14,
    }  # fmt: skip


def test_what_is_not_there():
    table, shape = one_layer(Geometry())
    timeline = LayerTimeline(table, shape, positions=2)
    for cycle in (0, timeline.total + 1):
        with pytest.raises(IndexError, match=rf"^no cycle {cycle} of {timeline.total}$"):
            timeline.at(0, cycle)
    for place, position in ((-1, 0), (table.ous, 0), (0, 2), (0, -1)):
        message = rf"^no OU {place} of tile 0 at position {position}$"
        with pytest.raises(IndexError, match=message):
            timeline.times(0, place, position)
    with pytest.raises(ValueError, match=r"^positions must be at least 1, not 0$"):
        LayerTimeline(table, shape, positions=0)


@pytest.mark.parametrize("tiles", [1, 2, 4])
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize(("load", "first_beat"), [(4, 1), (60, 9)])
def test_an_engine_that_skips(tiles, scheme, load, first_beat):
    """It takes these cycles if every plane has a one, and no more for any other inputs."""
    geometry = Geometry(tiles=tiles)
    spec = linear_spec(40, 9, scheme=scheme)
    table = map_layer(random_layer(spec, geometry, np.random.default_rng(2)), geometry)
    tables = MappingTables(name="n", geometry=geometry, layers=(table,))
    shape = needed_shape(tables, None, skip_zero_planes=True)
    pace = {"load": load, "first_beat": first_beat, "late": 3}
    timeline = LayerTimeline(table, shape, positions=5, **pace)
    causes = Counter(
        found.cause
        for tile in range(tiles)
        for found in (timeline.at(tile, cycle) for cycle in range(1, timeline.total + 1))
        if isinstance(found, IdleCycle)
    )
    full = work_of_layer(table, shape, np.full((5, 40), 255), **pace)
    assert timeline.total == full.total
    assert causes == Counter({cause: count for cause, count in full.idle.items() if count})
    rng = np.random.default_rng(3)
    some = work_of_layer(table, shape, rng.integers(0, 256, (5, 40)) & 0b1010001, **pace)
    assert some.total <= timeline.total
