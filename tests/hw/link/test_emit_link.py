# amaranth: UnusedElaboratable=no
"""Generated files of a network engine with a host link."""

import dataclasses
import json
import re

import pytest

from arch.link_build import link_build
from arch.link_record import read_link
from arch.link_registers import LINK_MAP
from arch.link_shape import LinkShape
from arch.shape_record import shape_from_record
from hw.emit import emit
from hw.link.emit_link import LINK_FILE, LINK_TOP, emit_link, write_link
from tests.hw.test_emit import PATH, lint
from tests.hw.test_emit_loadable import program_of as loadable_program
from tests.hw.test_emit_network import program_of
from tests.sw.integer_layers import pooling_network

LINK = LinkShape(clock_hz=50_000_000, payload_max=128, image_bytes=512, results=64)


@pytest.fixture(scope="module")
def case():
    program = program_of()
    return program, emit_link(program, LINK, board="here")


def test_files(case):
    """Those of the network engine, of another top, and the link; the same bytes again."""
    program, files = case
    renamed = {name.replace("network_engine", LINK_TOP) for name in emit(program)}
    assert set(files) == renamed | {LINK_FILE}
    assert not any(PATH.search(text) for text in files.values())
    assert emit_link(program, LINK, board="here") == files


def test_header(case):
    """The title, where tables come from, all sizes of the engine and of the link."""
    _program, files = case
    lines = re.match(r"(?:// .*\n)+", files[f"{LINK_TOP}.v"])[0].splitlines()
    assert lines[0].startswith("// Network engine with a host link for ReRAM crossbars, generated")
    assert lines[1] == "// from mapping tables " + "0123abcd" * 8
    assert {"// geometry.ou_rows: 9", "// link.payload_max: 128", "// link.board: here"} <= set(
        lines
    )


def test_names(case):
    """Ports of the top, memories where they lie below it, and the registers of the link."""
    program, files = case
    names, text = json.loads(files["names.json"]), files[f"{LINK_TOP}.v"]
    ports = re.search(rf"^module {LINK_TOP}\(([^)]*)\);", text, re.M)[1].split(", ")
    assert sorted(ports) == sorted([names["clock"], names["reset"]["name"], *names["ports"]])
    assert set(names["ports"]) == {"uart_rx", "uart_tx", "led_idle", "led_busy", "led_error"}
    assert names["memories"].keys() == program.memories.keys()
    for memory in names["memories"].values():
        module = re.escape(memory["module"])
        found = re.search(rf"^module \\{module} \(.*?^endmodule", text, re.M | re.S)[0]
        assert f" {memory['array']} [{memory['words'] - 1}:0];" in found
    registers = names["link"]["registers"]
    assert list(registers) == [register.name for register in LINK_MAP.registers]
    assert registers["ignored"]["at"] == 0x3C
    assert names["link"]["addresses"] == {"engine": 0, "link": 0x1000, "trace": 0x8000}


def test_written(case, tmp_path):
    """What is read is the link that was asked for, with its build."""
    program, files = case
    assert write_link(program, LINK, tmp_path, board="here") == files
    link, board = read_link(tmp_path / LINK_FILE)
    assert board == "here"
    assert link == dataclasses.replace(LINK, build=link.build)
    assert link.build


def test_lint(case, tmp_path):
    """Verilator finds nothing that is not waived."""
    program, _files = case
    write_link(program, LINK, tmp_path, board="here")
    assert lint(tmp_path, f"{LINK_TOP}.vlt", LINK_TOP) == ""


def test_loadable():
    """The Verilog and the build depend on the shape alone, not on the tables."""
    one = loadable_program(0)
    other = loadable_program(1, one.shape)
    files, others = emit_link(one, LINK), emit_link(other, LINK)
    assert {name for name in files if files[name] != others[name]} == {"names.json"}
    names = json.loads(files["names.json"])
    assert shape_from_record(names["shape"], origin="here") == one.shape


def test_build(case):
    """It tells tables and sizes apart."""
    program, _files = case
    pooling = program_of(pooling_network)
    links = (LINK, dataclasses.replace(LINK, results=128), dataclasses.replace(LINK, build=5))
    builds = [link_build(program, link) for link in links]
    assert builds[0] == builds[2] != builds[1]
    assert link_build(pooling, LINK) not in builds
    words = (program.words[0] ^ 1 << 31, *program.words[1:])
    assert link_build(dataclasses.replace(program, words=words), LINK) not in builds
