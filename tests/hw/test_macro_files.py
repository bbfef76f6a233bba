# amaranth: UnusedElaboratable=no
"""Files of an engine with a crossbar macro: black box, pins, model, cells."""

import dataclasses
import json
import re

import pytest

from arch.geometry import Geometry
from arch.network_program import NetworkProgram, build_network_program
from arch.program import build_program
from arch.table_files import save
from arch.validate import validate
from hw.emit import emit, write_verilog
from sw.mapping import map_network
from tests.hw.test_emit import PATH, lint
from tests.sw.integer_layers import residual_network

ENGINES = {"layer_engine": build_program, "network_engine": build_network_program}
INSTANCES = {"layer_engine": "layer_engine", "network_engine": "network_engine.engine.layers"}
GEOMETRIES = {
    "offset": {},
    "differential": {"encoding": "differential", "adc_bits": 3, "ou_rows": 5, "rows": 40},
    "one": {"ou_rows": 1, "rows": 1, "cols": 8, "cell_bits": 1},
}
LATENCY = 3


def tables_of(**sizes):
    geometry = Geometry(**sizes)
    tables = map_network(residual_network(geometry), geometry)
    return dataclasses.replace(tables, sha256="0123abcd" * 8)


@pytest.fixture(
    scope="module",
    params=[(top, name) for top in ENGINES for name in GEOMETRIES],
    ids="-".join,
)
def case(request):
    top, name = request.param
    tables = tables_of(**GEOMETRIES[name])
    program = ENGINES[top](tables, macro_latency=LATENCY)
    return top, tables, program, emit(program)


def layers_of(program):
    """The program of the layer engine."""
    return program.layers if isinstance(program, NetworkProgram) else program


def pins_of(text):
    """Pins of the model: direction and width, with the defaults of its parameters."""
    header = text[text.index("module crossbar_macro") : text.index(");")]
    sizes = {name: int(value) for name, value in re.findall(r"parameter (\w+) = (\d+)", header)}
    found = re.findall(r"^    (input|output) wire (?:\[([\w*]+)-1:0\] )?(\w+)", header, re.M)
    pins = {}
    for way, width, name in found:
        bits = 1
        for factor in width.split("*") if width else ():
            bits *= sizes[factor]
        pins[name] = {"direction": way.removesuffix("put"), "bits": bits}
    return pins, sizes


def width_of(wire, module):
    """Bits of what is connected to a pin: a signal of the module, or a part of one."""
    name, part, low = re.fullmatch(r"\s*\\?(\S+?)\s*(?:\[(\d+)(?::(\d+))?\])?\s*", wire).groups()
    if part:
        return int(part) - int(low or part) + 1
    high = re.search(rf"^  (?:wire|output) (?:\[(\d+):0\] )?\\?{re.escape(name)} ?;", module, re.M)
    return int(high[1] or 0) + 1


def test_files(case):
    """The cells are no memory of the engine any more; the slots are."""
    top, _, program, files = case
    extra = {"step.mem", "registers.h", "registers.rdl"} if top == "network_engine" else set()
    assert set(files) == extra | {
        "channel.mem",
        "crossbar_macro.v",
        "crossbars.mem",
        "index.mem",
        "layer.mem",
        "names.json",
        "slot.mem",
        f"{top}.v",
        f"{top}.vlt",
    }
    assert emit(program) == files
    assert not any(PATH.search(text) for text in files.values())
    assert not re.search(r"\bcells\[", files[f"{top}.v"])


def test_pins(case):
    """Engine, model, ``names.json`` and the formulas of the page agree on every pin."""
    top, tables, program, files = case
    g, macro = tables.geometry, layers_of(program).shape.macro
    names = json.loads(files["names.json"])["macro"]
    pins, _ = pins_of(files["crossbar_macro.v"])
    assert pins == {"clk": {"direction": "in", "bits": 1}} | names["pins"]
    levels = g.ou_rows * (2**g.cell_bits - 1)
    code_bits = min(g.adc_bits, levels.bit_length())
    assert {name: pin["bits"] for name, pin in names["pins"].items()} == {
        "sample": 1,
        "crossbar": max(1, (macro.crossbars - 1).bit_length()),
        "slot_row": max(1, (g.slot_rows - 1).bit_length()),
        "slot_col": max(1, (g.slot_cols - 1).bit_length()),
        "word_lines": g.ou_rows,
        "codes": g.arrays * g.ou_cols * code_bits,
    }
    (only,) = names["instances"]
    parent, _, instance = only["instance"].rpartition(".")
    assert parent == f"{INSTANCES[top]}.tile0"
    module = re.search(
        rf"^module \\?{re.escape(parent)} ?\(.*?^endmodule", files[f"{top}.v"], re.M | re.S
    )[0]
    connected = re.search(rf"^  {names['module']} {instance} \((.*?)\);", module, re.M | re.S)[1]
    wires = dict(re.findall(r"\.(\w+)\(([^)]*)\)", connected))
    assert wires.keys() == pins.keys()
    for name, wire in wires.items():
        if name != "clk":
            assert width_of(wire, module) == pins[name]["bits"]


def test_model(case):
    """The sizes of the macro, and nothing of the text but them."""
    _, tables, program, files = case
    g, macro = tables.geometry, layers_of(program).shape.macro
    _, sizes = pins_of(files["crossbar_macro.v"])
    assert (sizes["ROWS"], sizes["COLS"], sizes["CELL_BITS"]) == (g.rows, g.cols, g.cell_bits)
    assert (sizes["OU_ROWS"], sizes["OU_COLS"], sizes["ARRAYS"]) == (g.ou_rows, g.ou_cols, g.arrays)
    assert (sizes["CROSSBARS"], sizes["LATENCY"]) == (macro.crossbars, LATENCY)
    parameters = re.findall(r"^(    parameter .*?)//", files["crossbar_macro.v"], re.M)
    assert len({len(before) for before in parameters}) == 1


def test_cells(case):
    """A word line a line, all of its digits, as many lines as ``names.json`` says."""
    _, _, program, files = case
    layers = layers_of(program)
    names = json.loads(files["names.json"])["macro"]
    cells, (only,) = names["cells"], names["instances"]
    lines = files[only["cells"]].splitlines()
    assert [int(line, 16) for line in lines] == list(layers.cell_words[0])
    assert len(lines) == cells["arrays"] * cells["crossbars"] * cells["rows"]
    assert {len(line) for line in lines} == {-(-cells["cols"] * cells["cell_bits"] // 4)}
    assert any(layers.cell_words[0])


def test_names(case):
    """The slot memory, the latency, and the header of the Verilog."""
    top, _, program, files = case
    names = json.loads(files["names.json"])
    assert names["macro"]["latency"] == LATENCY
    assert names["memories"].keys() == program.memories.keys()
    assert "cells" not in names["memories"]
    slot = names["memories"]["slot"]
    assert list(slot["fields"]) == ["crossbar", "slot_row", "slot_col"]
    assert slot["module"] == f"{INSTANCES[top]}.tile0.crossbar"
    assert f"// macro.latency: {LATENCY}\n" in files[f"{top}.v"]


@pytest.mark.parametrize("top", ENGINES)
def test_macros_of_tiles(top):
    """One instance a tile, all of one module, each with the file of its cells."""
    program = ENGINES[top](tables_of(tiles=2), macro_latency=LATENCY)
    files = emit(program)
    names = json.loads(files["names.json"])["macro"]
    for tile, part in enumerate(names["instances"]):
        parent, _, instance = part["instance"].rpartition(".")
        assert parent == f"{INSTANCES[top]}.tile{tile}"
        module = re.search(
            rf"^module \\{re.escape(parent)} \(.*?^endmodule", files[f"{top}.v"], re.M | re.S
        )[0]
        stated = re.search(rf"  crossbar_macro #\((.*?)\) {instance} \(", module, re.S)[1]
        assert stated.split() == [f'.CELLS("{part["cells"]}")']
        cells = [int(line, 16) for line in files[part["cells"]].splitlines()]
        assert cells == list(layers_of(program).cell_words[tile])
    assert len(names["instances"]) == 2


def test_emulated_has_no_macro():
    files = emit(build_program(tables_of()))
    assert "macro" not in json.loads(files["names.json"])
    assert not any("macro" in name or "macro" in text for name, text in files.items())


def test_slots_are_those_that_validate_checks(tmp_path):
    """Tables that pass ``ohmforge validate`` have every OU where the macro needs it."""
    tables = save(tables_of(), tmp_path / "tables")
    validate(tmp_path / "tables")
    program = build_program(tables, macro_latency=LATENCY)
    assert len(set(program.slot_words[0])) == sum(table.ous for table in tables.layers)


@pytest.mark.cosim
def test_lint_is_clean(case, tmp_path):
    """Engine and model; the model without any waiver."""
    top, _, program, _ = case
    write_verilog(program, tmp_path)
    assert lint(tmp_path, f"{top}.vlt", top, "crossbar_macro.v") == ""


@pytest.mark.cosim
def test_macro_is_a_black_box(case, tmp_path):
    """Nothing but the model defines it; Verilator finds that by the name of its file."""
    top, _, program, _ = case
    write_verilog(program, tmp_path)
    (tmp_path / "crossbar_macro.v").unlink()
    assert "MODMISSING" in lint(tmp_path, f"{top}.vlt", top)
