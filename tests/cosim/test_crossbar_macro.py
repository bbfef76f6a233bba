"""Cosimulation with the model of the crossbar macro: a right one passes, wrong ones are seen."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arch.cycles import layer_cycles
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.network_cycles import network_cycles
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
"""Slots of 2 x 3 in a crossbar: every pin of the selection matters."""
MODEL = "crossbar_macro.v"


class Layers:
    """Two layers in several crossbars, one that is pruned whole, and their Verilog."""

    def __init__(self, directory, *, scheme="column_vector", latency=2, **geometry):
        rng = np.random.default_rng(0)
        geometry = Geometry(**(SMALL | geometry))
        layers = []
        for name, rows, cols, ratio in (
            ("first", 40, 14, 0.2),
            ("nothing", 9, 2, 1.0),
            ("last", 10, 5, 0.0),
        ):
            spec = linear_spec(
                rows, cols, name=name, output=WIDE, scheme=scheme, activation=ActFormat(bits=4)
            )
            layer = random_layer(spec, geometry, rng, ratio=ratio)
            # Outputs far from the clamp, so that a wrong code is a wrong output.
            scale = {"multiplier": np.full(cols, 1 << 15), "shift": np.full(cols, 15)}
            bias = rng.integers(-1000, 1000, cols)
            layers.append(map_layer(replace(layer, **scale, bias=bias), geometry))
        self.directory = directory
        self.tables = save(
            MappingTables(name="macro", geometry=geometry, layers=tuple(layers)),
            directory / "tables",
        )
        self.program = build_program(self.tables, macro_latency=latency)
        (directory / "verilog").mkdir()
        write_verilog(self.program, directory / "verilog")
        self.windows = {
            table.spec.name: rng.integers(0, 16, (4, table.spec.rows))
            for table in self.tables.layers
        }

    def altered(self, target, file, change):
        """The files with one change, which must be possible."""
        shutil.copytree(self.directory / "verilog", target)
        text = (target / file).read_text()
        wrong = change(text)
        assert wrong != text
        (target / file).write_text(wrong)
        return target

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
    return Layers(tmp_path_factory.mktemp("layers"), encoding="differential")


def test_differential(layers, tmp_path):
    """The bits of the golden model and, unless told otherwise, the cycles of `emulated`."""
    assert layers.program.shape.macro.crossbars > 2
    done = layers.simulate(layers.directory / "verilog", tmp_path / "run")
    assert done.problems == ()
    assert all(run.compared for run in done.runs)
    emulated = build_program(layers.tables).shape
    for run in done.runs:
        if not run.stall:
            table = layers.tables.layer(run.layer)
            assert run.cycles == layer_cycles(table, emulated, positions=4).total


@pytest.mark.parametrize(
    ("scheme", "fields"),
    [
        ("column_vector", {}),
        ("row_vector", {"adc_bits": 3, "latency": 1}),
        ("column_vector", {"cell_bits": 4, "ou_rows": 4, "latency": 9}),
    ],
    ids=["offset", "row_vector", "nine_cycles"],
)
def test_right(scheme, fields, tmp_path):
    """Offset encoding, the other structure, a lossy converter, other latencies."""
    layers = Layers(tmp_path, scheme=scheme, **fields)
    done = layers.simulate(tmp_path / "verilog", tmp_path / "run")
    assert done.problems == ()
    assert len(done.runs) == 9


def replaced(pattern, by, count=1):
    def change(text):
        text, found = re.subn(pattern, by, text)
        assert found == count
        return text

    return change


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (MODEL, replaced(r"parameter LATENCY = 2,", "parameter LATENCY = 3,")),
        (MODEL, replaced(r"\bcrossbar \* ROWS", "0 * ROWS")),
        (MODEL, replaced(r"if \(word_lines\[row\]\)", "if (word_lines[OU_ROWS-1-row])")),
        (MODEL, replaced(r"\(array \* OU_COLS \+ col\)", "((1 - array) * OU_COLS + col)")),
        ("layer_engine.v", replaced(r"(\.slot_(row|col)\(pins__slot_)\w+", r"\1row", count=2)),
        ("layer_engine.v", replaced(r"\.sample\(pins__sample\)", ".sample(1'b0)")),
    ],
    ids=["latency", "crossbar", "word_lines", "codes", "slot_col", "sample"],
)
def test_wrong_macro(layers, file, change, tmp_path):
    """A wrong latency and a wrong pin are seen, and the code that is wrong is named."""
    verilog = layers.altered(tmp_path / "verilog", file, change)
    done = layers.simulate(verilog, tmp_path / "run", stalls=(0,), resets=False, waves=True)
    assert re.search(r"^layer first is wrong at .*: ADC code \d+, expected \d+$", done.problems[0])


def test_wrong_cell(layers, tmp_path):
    """The cells are those of the file: one bit of one of them is seen."""

    def flip(text):
        first, rest = text.split("\n", 1)
        return f"{int(first, 16) ^ 1:0{len(first)}x}\n{rest}"

    verilog = layers.altered(tmp_path / "verilog", "crossbars.mem", flip)
    done = layers.simulate(verilog, tmp_path / "run", stalls=(0,), resets=False)
    assert re.search(r"OU 0, plane \d, bit line 0: ADC code \d+, expected \d+$", done.problems[0])


def test_network(tmp_path):
    """A whole network, with and without stalls, and after a reset in mid-image."""
    geometry = Geometry()
    tables = save(map_network(residual_network(geometry), geometry), tmp_path / "tables")
    (tmp_path / "verilog").mkdir()
    program = build_network_program(tables, macro_latency=3)
    write_verilog(program, tmp_path / "verilog")
    images = np.random.default_rng(1).integers(-128, 128, (2, 2, 9, 7))
    done = cosimulate_network(
        tmp_path / "tables", tmp_path / "verilog", images, tmp_path / "run", build_root=BUILDS
    )
    assert done.problems == ()
    assert [run.mismatches for run in done.runs] == [0, 0, 0]
    emulated = network_cycles(tables, build_network_program(tables))
    assert network_cycles(tables, program).total == emulated.total + 2  # one cycle a layer
