"""What a testbench reads before it begins."""

import json

import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.network_shape import BUILD_OPTIONS
from cosim.testbench import built_as
from hw.emit import emit
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

OPTIONS = {
    "argmax": True,
    "lanes": 2,
    "counter_bits": 32,
    "step_logic": True,
    "read_back": False,
}


@pytest.mark.parametrize("others", [{}, {"skip_zero_planes": True}, {"macro_latency": 4}], ids=str)
def test_engine_of_the_verilog(others):
    """Built again from ``names.json``, an engine is the same, whatever was chosen for it."""
    assert tuple(OPTIONS) == BUILD_OPTIONS
    geometry = Geometry()
    tables = map_network(small_network(geometry), geometry)
    program = build_network_program(tables, **OPTIONS, **others)
    names = json.loads(emit(program)["names.json"])
    assert build_network_program(tables, **built_as(names)) == program
