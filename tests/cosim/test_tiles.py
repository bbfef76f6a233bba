"""Cosimulation with several tiles, of which the golden model knows nothing."""

import re

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_network
from tests.cosim.simulated_layers import BUILDS, SimulatedLayers
from tests.sw.integer_layers import residual_network

pytestmark = pytest.mark.cosim

SIZES = (("first", 40, 14, 0.2), ("nothing", 9, 2, 1.0), ("little", 9, 2, 0.0))
"""A layer that divides badly, one of no OU, and one of fewer OUs than tiles."""
INPUTS = {"positions": 6, "ones": 0.4}


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    return SimulatedLayers(
        tmp_path_factory.mktemp("layers"),
        SIZES,
        scheme="column_vector",
        built_as={"skip_zero_planes": True},
        tiles=4,
        **INPUTS,
    )


def test_layers(layers, tmp_path):
    """With stalls and after a reset; planes and cycles are those of the model."""
    first = layers.tables.layer("first")
    assert first.ous % 4 > 0
    assert first.crossbar.max() > 4
    assert 0 < layers.tables.layer("little").ous < 4
    done = layers.simulate(layers.directory / "verilog", tmp_path)
    assert done.problems == ()
    assert len(done.runs) == 9
    assert all(run.cycles == run.cycles_model for run in done.runs if not run.stall)
    assert {run.tiles for run in done.runs} == {4}


def test_a_wrong_cell_is_named_with_its_tile(layers, tmp_path):
    """OU 6 is the second of tile 2."""
    source = layers.directory / "verilog"
    text = (source / "layer_engine.v").read_text()
    begin = text.index("module \\layer_engine.tile2.crossbar ")
    change = re.compile(r"(cells\[1\] = \d+'h[0-9a-f]*)([0-9a-f]);")
    wrong = change.sub(lambda m: f"{m[1]}{int(m[2], 16) ^ 1:x};", text[begin:], count=1)
    (tmp_path / "verilog").mkdir()
    (tmp_path / "verilog" / "layer_engine.v").write_text(text[:begin] + wrong)
    (tmp_path / "verilog" / "names.json").write_text((source / "names.json").read_text())
    done = layers.simulate(
        tmp_path / "verilog", tmp_path / "run", stalls=(0,), resets=False, waves="never"
    )
    assert re.search(
        r"^layer first is wrong at .*; tile 2, OU 6, plane \d, bit line 0: ADC code \d+, ",
        done.problems[0],
    )


def test_layers_of_macros(tmp_path):
    """Every tile has a macro of its own."""
    layers = SimulatedLayers(
        tmp_path,
        SIZES,
        scheme="row_vector",
        built_as={"macro_latency": 3},
        tiles=2,
        encoding="differential",
        **INPUTS,
    )
    done = layers.simulate(tmp_path / "verilog", tmp_path / "run")
    assert done.problems == ()
    assert {run.tiles for run in done.runs} == {2}


def test_network(tmp_path):
    """Every feature map, and every counter: cycles, planes, and idle cycles of tiles by cause."""
    geometry = Geometry(tiles=4, encoding="differential")
    tables = map_network(residual_network(geometry), geometry)
    tables = save(tables, tmp_path / "tables")
    (tmp_path / "verilog").mkdir()
    program = build_network_program(tables, skip_zero_planes=True, macro_latency=2)
    write_verilog(program, tmp_path / "verilog")
    images = np.random.default_rng(1).integers(-128, 128, (2, 2, 9, 7))
    images[1] = 0
    done = cosimulate_network(
        tmp_path / "tables", tmp_path / "verilog", images, tmp_path / "run", build_root=BUILDS
    )
    assert done.problems == ()
    assert any(run.counters[0]["idle_balance"] for run in done.runs)
    for run in done.runs:
        if not run.stall:
            assert run.counters[1:] == run.counters_model[1:]
