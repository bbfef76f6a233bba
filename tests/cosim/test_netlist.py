"""A network engine after synthesis: as exact as its Verilog, and a wrong look-up table is seen."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arch.geometry import Geometry
from arch.known_images import write_known_images
from arch.network_program import build_network_program
from arch.table_files import save
from bench.netlist import AfterSynthesis, main
from cosim.bench import NETWORK_BENCH
from cosim.cosimulation import Cosimulation
from cosim.harness import build_simulator
from cosim.layer_case import LayerResult
from cosim.netlist import INVERTED, with_inverted_lut, write_netlist
from cosim.networks import cosimulate_network
from hw.emit import write_verilog
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

BUILDS = Path(__file__).parents[2] / "sim_build"
GEOMETRY = Geometry(rows=16, cols=16, ou_rows=2, ou_cols=4, adc_bits=3, weight_bits=4, act_bits=2)
RUN = LayerResult(
    stall=0,
    after_reset=False,
    compared=4,
    mismatches=0,
    clocks=9,
    seconds=0.5,
    layer="conv",
    wrong_positions=(),
    cycles=7,
    planes=6,
    cycles_model=7,
)


def sensitive_network():
    """A network whose results are not clamped, so that a wrong sum is a wrong result."""
    network = small_network(GEOMETRY)
    layers = tuple(
        replace(
            layer,
            multiplier=np.full(layer.spec.cols, 1 << 15),
            shift=np.full(layer.spec.cols, shift),
            bias=np.zeros(layer.spec.cols, dtype=np.int64),
        )
        for layer, shift in zip(network.layers, (19, 15), strict=True)
    )
    return replace(network, layers=layers)


@pytest.mark.cosim
def test_equals_golden_until_a_lut_is_inverted(tmp_path):
    tables = save(map_network(sensitive_network(), GEOMETRY), tmp_path / "tables")
    program = build_network_program(tables, lanes=1, counter_bits=8, read_back=False)
    (tmp_path / "verilog").mkdir()
    write_verilog(program, tmp_path / "verilog")
    netlist = write_netlist(tmp_path / "verilog", tmp_path / "netlist", tmp_path / "work")
    assert {"LUT4", "TRELLIS_FF", "CCU2C", "DP16KD", "TRELLIS_DPR16X4"} <= set(netlist.cells)
    file = netlist.directory / "network_engine.v"
    text = file.read_text()
    names = re.findall(r"^  LUT4 #\(.*?\) (\S+)", text, re.MULTILINE | re.DOTALL)
    number = next(n for n, name in enumerate(names) if "shift_add" in name)
    file.write_text(with_inverted_lut(text, number))
    images = np.random.default_rng(1).integers(0, 4, (1, *program.steps[0].result.shape))
    done = cosimulate_network(
        tmp_path / "tables",
        netlist.directory,
        images,
        tmp_path / "simulation",
        build_root=BUILDS,
        stalls=(0,),
        resets=False,
    )
    assert done.problems == ()
    assert [run.mismatches for run in done.runs] == [0]
    (tmp_path / "simulation" / INVERTED).touch()
    same = build_simulator(netlist.directory, BUILDS, bench=NETWORK_BENCH)
    failures = same.run(
        "cosim.tb_network", tmp_path / "simulation", seed=1, pattern="equals_golden"
    )
    assert re.search(r"expected -?\d+, seen -?\d+", failures[0])


def test_wrong_number_of_a_lut():
    text = (
        "  LUT4 #(\n    .INIT(16'h00ff)\n  ) one ();\n  LUT4 #(\n    .INIT(16'h1234)\n  ) two ();\n"
    )
    first, second = (with_inverted_lut(text, number) for number in (0, 1))
    assert first.startswith("  INVERTED_LUT4 #(\n    .INIT(16'h00ff)\n  ) one ();\n  LUT4 #(")
    assert second.startswith("  LUT4 #(\n    .INIT(16'h00ff)\n  ) one ();\n  INVERTED_LUT4 #(")
    with pytest.raises(ValueError, match=r"^there are 2 look-up tables, none with the number 2$"):
        with_inverted_lut(text, 2)


def test_netlist_that_is_not_its_verilog():
    """Both equal the golden model, but one takes a cycle more."""

    def shown(run, *problems):
        return Cosimulation(runs=(run,), problems=problems, junit=Path(), waves=None)

    def problems(netlist, *told):
        done = AfterSynthesis(cells={}, verilog=shown(RUN), netlist=shown(netlist, *told))
        return list(done.problems)

    assert problems(replace(RUN, seconds=2.5)) == []
    assert problems(replace(RUN, clocks=10)) == ["the netlist is not what its Verilog is"]
    assert problems(replace(RUN, mismatches=1), "layer conv is wrong") == ["layer conv is wrong"]


def test_wrong_run_layer_and_images(tmp_path, capsys):
    def told(*arguments):
        assert main([str(tmp_path), *arguments]) == 2
        return capsys.readouterr().err

    assert str(tmp_path) in told()
    save(map_network(small_network(GEOMETRY), GEOMETRY), tmp_path / "map" / "tables")
    (tmp_path / "quantise").mkdir()
    images = np.zeros((1, 3, 7, 7), dtype=np.int64)
    write_known_images(tmp_path / "quantise" / "images.npz", images, np.zeros(1, dtype=np.int64))
    assert told("--layer", "none") == "layer must be one of conv, scores, not 'none'\n"
    assert told("--images", "2") == "images must be 1 to 1, not 2\n"
