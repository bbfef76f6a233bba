"""Networks with groups, limits and joined values: the crossbar model, and one of them in RTL."""

from pathlib import Path

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from arch.validate import validate
from cosim.golden import GoldenNetwork
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.graph import trace
from sw.integer_inference import run
from sw.integer_network import encode_input
from sw.mapping import map_network
from sw.policy import policy_for
from sw.prune import kept_segments
from sw.quantise import quantise
from tests.sw.own_networks import IN_SHAPE, NETWORKS, own_network

BUILDS = Path(__file__).parents[2] / "sim_build"


def pruned(name, scheme, geometry):
    """A quantised network without a third of its segments, and input codes."""
    network = own_network(name)
    policy = policy_for([layer.name for layer in trace(network)], scheme=scheme, ratio=0.3)
    images = np.random.default_rng(5).random((12, *IN_SHAPE), dtype=np.float32)
    integers = quantise(
        network, kept_segments(network, policy, geometry), images, geometry, scheme=scheme
    )
    return integers, encode_input(integers, images)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("encoding", ["offset", "differential"])
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_crossbar_model_is_the_integer_network(name, encoding, scheme, tmp_path):
    geometry = Geometry(encoding=encoding)
    integers, codes = pruned(name, scheme, geometry)
    tables = save(map_network(integers, geometry), tmp_path / "tables")
    validate(tmp_path / "tables")
    expected = run(integers, codes)
    found = GoldenNetwork(tables).run(codes)
    assert list(found) == list(expected)
    for step, outputs in found.items():
        assert np.array_equal(outputs, expected[step]), step
        assert len(np.unique(outputs)) > 3, step


@pytest.mark.cosim
def test_whole_network_in_rtl(tmp_path):
    """Every feature map of two images; see :class:`tests.sw.own_networks.Mixed`."""
    geometry = Geometry()
    integers, codes = pruned("mixed", "column_vector", geometry)
    tables = save(map_network(integers, geometry), tmp_path / "tables")
    program = build_network_program(tables)
    (tmp_path / "verilog").mkdir()
    write_verilog(program, tmp_path / "verilog")
    done = cosimulate_network(
        tmp_path / "tables",
        tmp_path / "verilog",
        codes[:2],
        tmp_path / "simulation",
        build_root=BUILDS,
    )
    assert done.problems == ()
    elements = sum(step.result.size for step in program.steps) + program.steps[-1].result.size
    for found in done.runs:
        assert (found.mismatches, found.wrong_images) == (0, ())
        assert found.compared == found.images * elements
        if not found.stall:
            assert all(step.cycles == step.cycles_model for step in found.steps[1:])
