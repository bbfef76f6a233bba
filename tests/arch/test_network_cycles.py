"""The closed form of a network: sums and shares; the hardware is compared in tests/hw."""

import numpy as np

from arch.cycles import layer_cycles
from arch.geometry import Geometry
from arch.network_cycles import image_cycles, network_cycles
from arch.network_program import build_network_program
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

GEOMETRY = Geometry()


def test_steps_add_up():
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    program = build_network_program(tables)
    cycles = network_cycles(tables, program)
    assert [step.name for step in cycles.steps] == [step.name for step in program.steps]
    assert cycles.total == sum(step.cycles for step in cycles.steps)
    planes = sum(
        layer_cycles(t, program.shape.engine, positions=t.spec.positions).planes
        for t in tables.layers
    )
    assert cycles.planes == planes
    assert cycles.utilisation == planes / cycles.total


def test_skipping_depends_on_the_image():
    """Dark images take less; without skipping they take as long as any."""
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    layers = [table.spec for table in tables.layers]
    for skip in (False, True):
        program = build_network_program(tables, skip_zero_planes=skip)
        bound = network_cycles(tables, program)
        dark, light = (
            image_cycles(
                tables,
                program,
                {spec.name: np.full((spec.positions, spec.rows), value) for spec in layers},
            )
            for value in (0, -1)
        )
        assert light == bound
        if not skip:
            assert dark == bound
            continue
        assert dark.planes == sum(spec.positions for spec in layers)
        assert (bound.skipped, dark.skipped) == (0, bound.planes - dark.planes)
        assert dark.total < bound.total
        for less, most in zip(dark.steps, bound.steps, strict=True):
            assert (less.cycles < most.cycles) == (less.name in [spec.name for spec in layers])


def test_operations_take_a_cycle_an_element():
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    program = build_network_program(tables)
    steps = {step.name: step.cycles for step in network_cycles(tables, program).steps}
    reads = {
        operation.name: len(operation.sources)
        * max(
            operation.in_shape[0] * operation.in_shape[1] * operation.in_shape[2]
            if operation.kind != "shortcut"
            else 0,
            operation.out_shape[0] * operation.out_shape[1] * operation.out_shape[2],
        )
        for operation in tables.host
    }
    overhead = {name: steps[name] - count for name, count in reads.items()}
    assert set(overhead.values()) == {program.shape.step_words + 14}
    assert steps["input"] - program.shape.step_words - 4 == program.steps[0].result.size


def test_more_lanes_never_take_longer():
    tables = map_network(residual_network(GEOMETRY), GEOMETRY)
    totals = [
        network_cycles(tables, build_network_program(tables, lanes=lanes)).total
        for lanes in (1, 2, 4, 8)
    ]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1]
