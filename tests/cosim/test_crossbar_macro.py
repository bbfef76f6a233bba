"""Cosimulation with the model of the crossbar macro: a right one passes, wrong ones are seen."""

import json
import re
import shutil

import numpy as np
import pytest

from arch.cycles import layer_cycles
from arch.geometry import Geometry
from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from arch.program import build_program
from arch.table_files import save
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_network
from tests.cosim.simulated_layers import BUILDS, SimulatedLayers
from tests.sw.integer_layers import residual_network

pytestmark = pytest.mark.cosim

SIZES = (("first", 40, 14, 0.2), ("nothing", 9, 2, 1.0), ("last", 10, 5, 0.0))
"""Two layers in several crossbars, and one that is pruned whole."""
MODEL = "crossbar_macro.v"
FAULTS = (
    "none",
    "sample",
    "crossbar",
    "slot_row",
    "slot_col",
    "word_lines",
    "codes",
    "latency",
)
CODE = re.compile(r"^layer first is wrong at .*; (OU .*): ADC code \d+, expected \d+$")


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    return SimulatedLayers(
        tmp_path_factory.mktemp("layers"),
        SIZES,
        scheme="column_vector",
        built_as={"macro_latency": 2},
        encoding="differential",
    )


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
    ("scheme", "latency", "fields"),
    [
        ("column_vector", 9, {"cell_bits": 4, "ou_rows": 4}),
        ("row_vector", 1, {"adc_bits": 3}),
    ],
    ids=["column_vector", "row_vector"],
)
def test_right(scheme, latency, fields, tmp_path):
    """Offset encoding, both structures, a lossy converter, other latencies."""
    built_as = {"macro_latency": latency}
    layers = SimulatedLayers(tmp_path, SIZES, scheme=scheme, built_as=built_as, **fields)
    done = layers.simulate(tmp_path / "verilog", tmp_path / "run")
    assert done.problems == ()
    assert len(done.runs) == 9


@pytest.fixture(scope="module")
def faulty(layers):
    """The files with a macro that does what the file beside them says; one simulator for all."""
    verilog = layers.directory / "faulty"
    shutil.copytree(layers.directory / "verilog", verilog)
    pins = json.loads((verilog / "names.json").read_text())["macro"]["pins"]
    ports = ", ".join(
        f"{pin['direction']}put [{pin['bits'] - 1}:0] {name}" for name, pin in pins.items()
    )
    half = pins["codes"]["bits"] // 2
    number = {name: place for place, name in enumerate(FAULTS)}
    (verilog / MODEL).write_text(
        (verilog / MODEL).read_text().replace("module crossbar_macro", "module right_macro")
        + f"""
module crossbar_macro (input clk, {ports});
    reg [3:0] fault [0:0];
    initial $readmemh("{verilog / "fault.mem"}", fault);
    wire [{2 * half - 1}:0] right;
    reg [{2 * half - 1}:0] late;
    always @(posedge clk) late <= right;
    right_macro model (
        .clk(clk),
        .sample(fault[0] == {number["sample"]} ? 1'b0 : sample),
        .crossbar(fault[0] == {number["crossbar"]} ? 0 : crossbar),
        .slot_row(fault[0] == {number["slot_row"]} ? ~slot_row : slot_row),
        .slot_col(fault[0] == {number["slot_col"]} ? slot_col ^ 1 : slot_col),
        .word_lines(fault[0] == {number["word_lines"]} ? word_lines << 1 : word_lines),
        .codes(right)
    );
    assign codes = fault[0] == {number["codes"]} ? {{right[0 +: {half}], right[{half} +: {half}]}}
        : fault[0] == {number["latency"]} ? late : right;
endmodule
"""
    )
    return verilog


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_macro(layers, faulty, fault, tmp_path):
    """A wrong latency and every wrong pin are seen, and the code that is wrong is named."""
    (faulty / "fault.mem").write_text(f"{FAULTS.index(fault)}\n")
    done = layers.simulate(faulty, tmp_path / "run", stalls=(0,), resets=False, waves="never")
    if fault == "none":
        assert done.problems == ()
    else:
        assert CODE.search(done.problems[0])


def test_wrong_cell(layers, faulty, tmp_path):
    """The cells are those of the file: one bit of one of them is seen."""
    (faulty / "fault.mem").write_text("0\n")
    verilog = tmp_path / "verilog"
    shutil.copytree(faulty, verilog)
    first, rest = (verilog / "crossbars.mem").read_text().split("\n", 1)
    (verilog / "crossbars.mem").write_text(f"{int(first, 16) ^ 1:0{len(first)}x}\n{rest}")
    done = layers.simulate(verilog, tmp_path / "run", stalls=(0,), resets=False, waves="never")
    assert re.fullmatch(r"OU 0, plane \d, bit line 0", CODE.search(done.problems[0])[1])


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
    assert [run.mismatches for run in done.runs] == [0, 0, 0, 0]
    emulated = network_cycles(tables, build_network_program(tables))
    assert network_cycles(tables, program).total == emulated.total + 2  # one cycle a layer
