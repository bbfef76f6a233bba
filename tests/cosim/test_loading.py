"""Cosimulation of tables that are loaded at run time: two sets in turn, and all that is wrong."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.loading import cosimulate_loading
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_network
from tests.sw.integer_layers import residual_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
CAPACITY = Capacity(ous=30, layers=3, elements=300, channels=9, steps=7, rows=40, acc_bits=24)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Two sets of tables, the Verilog of an engine that holds either, and images."""
    directory = tmp_path_factory.mktemp("loading")
    geometry = Geometry(tiles=2)
    first, _ = (
        save(map_network(residual_network(geometry, seed=seed), geometry), directory / name)
        for seed, name in enumerate(("first", "second"))
    )
    (directory / "verilog").mkdir()
    write_verilog(build_network_program(first, capacity=CAPACITY), directory / "verilog")
    images = np.random.default_rng(1).integers(-128, 128, (3, 2, 9, 7))
    return directory, images


def test_load_and_reload(engine, tmp_path):
    """Everything that `cosim/tb_loading.py` does."""
    directory, images = engine
    done = cosimulate_loading(
        directory / "first",
        directory / "second",
        directory / "verilog",
        images,
        tmp_path / "simulation",
        build_root=BUILDS,
    )
    assert done.problems == ()
    assert len(list(ElementTree.parse(done.junit).iter("testcase"))) == 8
    assert [run.images for run in done.runs][:3] == [3, 3, 3]
    assert len(done.runs) > 40
    for run in done.runs:
        assert (run.mismatches, run.wrong_images) == (0, ())
        assert run.compared > 0
        assert all(step.cycles == step.cycles_model for step in run.steps[1:])
    planes = [sum(step.planes for step in run.steps) for run in done.runs[:3]]
    assert planes[0] == planes[2] != planes[1]


def test_whole_network(engine, tmp_path):
    """What baked engines go through: stalls, resets in mid-image, registers."""
    directory, images = engine
    done = cosimulate_network(
        directory / "first", directory / "verilog", images, tmp_path / "s", build_root=BUILDS
    )
    assert done.problems == ()
    assert [run.mismatches for run in done.runs] == [0, 0, 0, 0]
