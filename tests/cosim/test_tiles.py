"""Cosimulation with several tiles, of which the golden model knows nothing."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.program import build_program
from arch.table_files import save
from arch.tables import MappingTables
from cosim.layers import cosimulate_layers
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_layer, map_network
from tests.sw.integer_layers import linear_spec, random_layer, residual_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
WIDE = OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767)
SMALL = {"rows": 20, "cols": 27, "ou_rows": 9, "ou_cols": 8, "act_bits": 4}
"""Slots of 2 x 3 in a crossbar: tiles have several."""


class Layers:
    """A layer that divides badly, one of fewer OUs than tiles, one of none, and their Verilog."""

    def __init__(self, directory, *, scheme, built_as, **geometry):
        rng = np.random.default_rng(0)
        geometry = Geometry(**(SMALL | geometry))
        layers = []
        for name, rows, cols, ratio in (
            ("first", 40, 14, 0.2),
            ("nothing", 9, 2, 1.0),
            ("little", 9, 2, 0.0),
        ):
            spec = linear_spec(
                rows, cols, name=name, output=WIDE, scheme=scheme, activation=ActFormat(bits=4)
            )
            layer = random_layer(spec, geometry, rng, ratio=ratio)
            scale = {"multiplier": np.full(cols, 1 << 15), "shift": np.full(cols, 15)}
            bias = rng.integers(-1000, 1000, cols)
            layers.append(map_layer(replace(layer, **scale, bias=bias), geometry))
        self.directory = directory
        self.tables = save(
            MappingTables(name="tiles", geometry=geometry, layers=tuple(layers)),
            directory / "tables",
        )
        (directory / "verilog").mkdir()
        write_verilog(build_program(self.tables, **built_as), directory / "verilog")
        self.windows = {
            table.spec.name: rng.integers(0, 16, (6, table.spec.rows))
            * (rng.random((6, table.spec.rows)) < 0.4)
            for table in self.tables.layers
        }

    def simulate(self, verilog, directory, **options):
        return cosimulate_layers(
            self.directory / "tables",
            verilog,
            self.windows,
            directory,
            build_root=BUILDS,
            **options,
        )


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    return Layers(
        tmp_path_factory.mktemp("layers"),
        scheme="column_vector",
        built_as={"skip_zero_planes": True},
        tiles=4,
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
        tmp_path / "verilog", tmp_path / "run", stalls=(0,), resets=False, waves=True
    )
    assert re.search(
        r"^layer first is wrong at .*; tile 2, OU 6, plane \d, bit line 0: ADC code \d+, ",
        done.problems[0],
    )


def test_layers_of_macros(tmp_path):
    """Every tile has a macro of its own."""
    layers = Layers(
        tmp_path,
        scheme="row_vector",
        built_as={"macro_latency": 3},
        tiles=2,
        encoding="differential",
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
