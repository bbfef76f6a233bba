"""Cosimulation of every reset that an export may have."""

from pathlib import Path

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from cosim.resets import cosimulate_resets
from hw.core import Core
from hw.emit import emit
from hw.engine_names import port_names
from hw.integration.reset_input import KINDS, POLARITIES, ResetInput
from hw.integration.wrapper import Wrapper
from hw.network_top import NetworkTop
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"


def test_resets(tmp_path):
    """Each in mid-image, at moments that are its own; then right results."""
    geometry = Geometry()
    tables = save(map_network(small_network(geometry), geometry), tmp_path / "tables")
    program = build_network_program(tables)
    engine = NetworkTop(program)
    files = emit(program, core=Core(top="engines", engine=engine))
    text = files["engines.v"]
    for polarity in POLARITIES:
        for kind in KINDS:
            name = f"{polarity}_{kind}"
            reset = ResetInput(polarity=polarity, kind=kind)
            wrapper = Wrapper(name=name, top="native", ports=port_names(engine), reset=reset)
            text += wrapper.verilog().replace(f"{name}_core core", "engines core")
    (tmp_path / "verilog").mkdir()
    (tmp_path / "verilog" / "engines.v").write_text(text)
    (tmp_path / "verilog" / "names.json").write_text(files["names.json"])
    done = cosimulate_resets(
        tmp_path / "tables",
        tmp_path / "verilog",
        np.random.default_rng(1).integers(0, 256, (2, 3, 7, 7)),
        tmp_path / "simulation",
        build_root=BUILDS,
    )
    assert done.problems == ()
    assert [run.compared for run in done.runs] == [12] * 4
