"""Cosimulation of an exported AXI engine with a manager, a source and a sink that are not ours."""

from pathlib import Path

import numpy as np
import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.axi import cosimulate_axi
from hw.integration.export import ExportOptions, export
from hw.integration.reset_input import ResetInput
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
IMAGES = 50


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Tables, and an export whose tables are loaded over AXI4-Lite."""
    directory = tmp_path_factory.mktemp("axi")
    geometry = Geometry()
    tables = save(map_network(small_network(geometry), geometry), directory / "tables")
    program = build_network_program(tables, capacity=Capacity())
    (directory / "export").mkdir()
    reset = ResetInput(polarity="low", kind="async")
    export(program, directory / "export", ExportOptions(top="axi", stream_bytes=4, reset=reset))
    return directory


def test_images(network, tmp_path):
    """All exact with pauses on every channel; wrong packets are told; resets leave nothing."""
    done = cosimulate_axi(
        network / "tables",
        network / "export" / "rtl",
        np.random.default_rng(1).integers(0, 256, (IMAGES, 3, 7, 7)),
        tmp_path / "simulation",
        build_root=BUILDS,
    )
    assert done.problems == ()
    first, wrong, *resets = done.runs
    assert (first.images, first.compared) == (IMAGES, 4 * IMAGES)
    assert first.accesses > 100
    assert all(first.waited)
    assert wrong.images == 3
    assert [run.images for run in resets] == [1, 1, 1]
    assert all(run.after_reset for run in resets)
