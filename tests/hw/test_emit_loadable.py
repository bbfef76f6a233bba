# amaranth: UnusedElaboratable=no
"""Generated files of a network engine that loads its tables."""

import dataclasses
import json

import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.load_image import load_image
from arch.network_program import build_network_program
from arch.shape_record import shape_from_record
from hw.emit import LOAD_IMAGE, emit, write_verilog
from sw.mapping import map_network
from tests.hw.test_emit import lint
from tests.sw.integer_layers import residual_network

GEOMETRY = Geometry()
CAPACITY = Capacity(ous=30, acc_bits=24)


def program_of(seed, shape=None):
    tables = map_network(residual_network(GEOMETRY, seed=seed), GEOMETRY)
    tables = dataclasses.replace(tables, sha256=f"{seed:064x}")
    return build_network_program(tables, capacity=CAPACITY, shape=shape)


@pytest.fixture(scope="module")
def case():
    program = program_of(0)
    return program, emit(program)


def test_verilog_depends_on_the_shape_alone(case):
    """Other tables for the same engine need no other bitstream; only the names tell them apart."""
    program, files = case
    other = emit(program_of(1, program.shape))
    assert {name for name in files if files[name] != other[name]} == {"names.json"}
    assert not any(name.endswith(".mem") for name in files)


def test_header(case):
    """No table is named, every capacity is."""
    header = case[1]["network_engine.v"].splitlines()
    assert header[1] == "// for tables that are loaded at run time"
    assert "// loadable: True" in header
    assert "// ous: 30" in header
    assert not any("step 0" in line or "conv" in line for line in header[:60])


def test_names_have_the_shape(case):
    program, files = case
    names = json.loads(files["names.json"])
    assert names["load_image"] == LOAD_IMAGE
    assert shape_from_record(names["shape"], origin="names.json") == program.shape
    for name, (layout, depth) in program.shape.memories.items():
        memory = names["memories"][name]
        assert "file" not in memory
        assert (memory["bits"], memory["words"]) == (layout.width, depth)
    assert names["memories"]["index"]["words"] == CAPACITY.ous


def test_load_image_lies_beside(case, tmp_path):
    program, files = case
    assert write_verilog(program, tmp_path) == files
    assert (tmp_path / LOAD_IMAGE).read_bytes() == load_image(program)


@pytest.mark.cosim
def test_lint(case, tmp_path):
    """Nothing in the generated text is loose."""
    write_verilog(case[0], tmp_path)
    assert lint(tmp_path, "network_engine.vlt", "network_engine") == ""
