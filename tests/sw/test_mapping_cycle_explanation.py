"""From a cycle to weights and outputs, or to why there is no plane.

The hardware is compared in ``tests/hw/test_timeline.py`` and ``tests/cosim/test_networks.py``.
"""

from collections import Counter

import numpy as np
import pytest

from arch.errors import InputError
from arch.geometry import Geometry
from arch.matrix import rebuild_matrix
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from cosim.golden.windows import windows
from sw.mapping import map_network
from sw.mapping.cycle_explanation import explain_cycle
from sw.mapping.explanation_text import cycle_lines
from sw.mapping.hardware_view import HardwareView
from sw.mapping.network_place import element_of_row, place_of_position, place_of_row
from tests.sw.integer_layers import linear_spec, residual_network, small_network

GEOMETRY = Geometry(tiles=2)
TABLES = map_network(residual_network(GEOMETRY), GEOMETRY)
"""Layers, a shortcut, an addition and an average."""
SMALL = HardwareView.of(map_network(small_network(Geometry()), Geometry()))


def test_every_cycle_of_an_image():
    """Steps, planes and causes add up to what the cycle model says."""
    hardware = HardwareView.of(TABLES)
    model = network_cycles(TABLES, build_network_program(TABLES))
    assert hardware.network.total == model.total
    planes, idle = Counter(), {step.name: Counter() for step in model.steps}
    for cycle in range(1, model.total + 1):
        found = explain_cycle(hardware, cycle)
        assert (found.cycle, found.total, found.layer) == (cycle, model.total, None)
        assert found.step_first <= cycle <= found.step_last
        assert cycle == found.step_first + found.in_step - 1
        for moment in found.tiles:
            if moment.work:
                planes[found.step_name] += 1
            else:
                idle[found.step_name][moment.cause] += 1
                assert moment.reason
    for step in model.steps:
        assert planes[step.name] == step.planes
        assert idle[step.name] == Counter({name: n for name, n in step.idle.items() if n})


def test_weights_of_a_plane():
    """Every weight that is told is that of the matrix, and every stored weight is told."""
    hardware = HardwareView.of(TABLES)
    for table in TABLES.layers:
        matrix = rebuild_matrix(table, GEOMETRY)
        seen = np.zeros_like(matrix)
        for cycle in range(1, hardware.layer(table.spec.name).total + 1):
            found = explain_cycle(hardware, cycle, layer=table.spec.name)
            for work in (moment.work for moment in found.tiles if moment.work):
                for row, values in zip(work.inputs, work.weights, strict=True):
                    for col, value in zip(work.outputs, values, strict=True):
                        if row >= 0 and col >= 0:
                            assert value == matrix[row, col]
                            seen[row, col] = value
        assert (seen == matrix).all()


@pytest.mark.parametrize("table", TABLES.layers, ids=lambda table: table.spec.name)
def test_elements_that_a_row_reads(table):
    """The golden model's windows of a map of numbers hold the numbers of these elements."""
    spec = table.spec
    numbers = np.arange(1, np.prod(spec.in_shape) + 1).reshape(1, *spec.in_shape)
    read = windows(numbers, spec)
    for position in range(spec.positions):
        for row in range(spec.rows):
            place = element_of_row(spec, row, position)
            if place.inside:
                assert read[position, row] == numbers[0, place.channel, place.row, place.col]
            else:
                assert read[position, row] == spec.activation.zero_point


def test_places():
    conv = SMALL.tables.layer("conv").spec
    assert str(place_of_row(conv, 11)) == "input channel 1, kernel row 0, kernel column 2"
    assert str(element_of_row(conv, 0, 0)) == "channel 0, row -1, column -1: padding"
    assert str(element_of_row(conv, 26, 15)) == "channel 2, row 7, column 7: padding"
    assert place_of_position(conv, 6) == (1, 2)
    linear = linear_spec(24, 3, in_shape=(2, 3, 4))
    assert str(place_of_row(linear, 17)) == "input channel 1, input row 1, input column 1"


def test_text():
    lines = cycle_lines(explain_cycle(SMALL, 200))
    assert lines[0].startswith("cycle 200 of 1")
    assert "is cycle" in lines[0]
    assert re_words(lines[1]).startswith("waveform engine.control.number is 1, .cycles is ")
    assert re_words(lines[4]).startswith("tile0.controller.o__payload.ou is ")
    assert lines[-1].startswith("holds           if nothing stalls")
    lines = cycle_lines(explain_cycle(SMALL, 1))
    assert lines[2] == (
        "no plane        steps: the next step of the program is read, checked and started"
    )
    lines = cycle_lines(explain_cycle(SMALL, 2, layer="conv"))
    assert lines[:3] == [
        f"cycle 2 of {SMALL.layer('conv').total} of layer conv on the layer engine",
        "waveform        control.cycles is 1",
        ("no plane        window: the inputs of the next output position are not complete in the "
        "input buffer"),
    ]  # fmt: skip
    assert lines[3] == "next            output position 0"


def re_words(line):
    return " ".join(line.split())


def test_planes_that_may_be_skipped_are_said():
    hardware = HardwareView.of(TABLES, skip_zero_planes=True)
    found = explain_cycle(hardware, 500)
    assert found.may_skip
    assert "skips planes" in cycle_lines(found)[-1]


@pytest.mark.parametrize(
    ("cycle", "layer", "message"),
    [
        (0, None, r"an image has no cycle 0; legal is 1 to \d+"),
        (10**9, None, r"an image has no cycle 1000000000; legal is 1 to \d+"),
        (0, "conv", r"layer conv has no cycle 0; legal is 1 to \d+"),
        (1, "other", r"no layer 'other'; the layers are conv, .*"),
    ],
)
def test_wrong_cycle(cycle, layer, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        explain_cycle(SMALL, cycle, layer=layer)
