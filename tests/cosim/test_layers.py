"""Cosimulation of small layers: right hardware passes, wrong hardware is named."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from arch.errors import CheckFailed, ToolError
from arch.fixed import OutFormat
from arch.geometry import Geometry
from arch.program import build_program
from arch.table_files import load, save
from arch.tables import MappingTables
from cosim.cosimulation import STALLS
from cosim.harness import build_simulator
from cosim.layers import cosimulate_layers
from hw.emit import write_verilog
from sw.mapping import map_layer
from tests.sw.integer_layers import linear_spec, random_layer

pytestmark = pytest.mark.cosim

BUILDS = Path(__file__).parents[2] / "sim_build"
ONCE = {"stalls": (0,), "resets": False, "waves": "never"}
WIDE = OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Tables of two layers, their Verilog, and windows."""
    directory = tmp_path_factory.mktemp("network")
    rng = np.random.default_rng(0)
    geometry = Geometry()
    layers = []
    for name, rows, cols in (("first", 30, 7), ("second", 9, 1)):
        spec = linear_spec(rows, cols, name=name, output=WIDE)
        layer = random_layer(spec, geometry, rng, ratio=0.4)
        layers.append(
            map_layer(
                replace(
                    layer,
                    multiplier=np.full(cols, 1 << 15),
                    shift=np.full(cols, 19),
                    bias=rng.integers(-1000, 1000, cols),
                ),
                geometry,
            )
        )
    tables = save(
        MappingTables(name="network", geometry=geometry, layers=tuple(layers)),
        directory / "tables",
    )
    (directory / "verilog").mkdir()
    write_verilog(build_program(tables), directory / "verilog")
    windows = {t.spec.name: rng.integers(0, 256, (5, t.spec.rows)) for t in tables.layers}
    return directory, windows


def runs_of(done, layer):
    return [run for run in done.runs if run.layer == layer]


def altered(network, tmp_path, change):
    """The Verilog with one change; it must be possible."""
    directory, _ = network
    target = tmp_path / "verilog"
    target.mkdir()
    text = (directory / "verilog" / "layer_engine.v").read_text()
    wrong = change(text)
    assert wrong != text
    (target / "layer_engine.v").write_text(wrong)
    (target / "names.json").write_text((directory / "verilog" / "names.json").read_text())
    return target


def simulate(network, verilog, tmp_path, **options):
    directory, windows = network
    return cosimulate_layers(
        directory / "tables",
        verilog,
        windows,
        tmp_path / "simulation",
        build_root=BUILDS,
        **options,
    )


def test_right(network, tmp_path):
    done = simulate(network, network[0] / "verilog", tmp_path)
    assert done.problems == ()
    assert done.waves is None
    assert [(run.layer, run.stall, run.after_reset) for run in done.runs] == [
        ("first", 0, False),
        ("first", max(STALLS["random"]), False),
        ("second", 0, False),
        ("second", max(STALLS["random"]), False),
        ("first", 0, True),
        ("second", 0, True),
    ]
    assert [run.compared for run in runs_of(done, "first")] == [35, 35, 35]
    assert all(run.cycles == run.cycles_model for run in done.runs if not run.stall)
    stalled = [run for run in done.runs if run.stall]
    # The one output of the second layer waits in the queue of results until it is taken.
    assert all(run.cycles >= run.cycles_model for run in stalled)
    assert any(run.cycles > run.cycles_model for run in stalled)
    assert done.cycles_per_second > 0
    names = [case.get("name") for case in ElementTree.parse(done.junit).iter("testcase")]
    assert len(names) == 6


def test_seed_changes_stalls_only(network, tmp_path):
    runs = [
        simulate(network, network[0] / "verilog", tmp_path, seed=seed, resets=False).runs
        for seed in (1, 1, 2)
    ]
    cycles = [[run.cycles for run in results] for results in runs]
    assert cycles[0] == cycles[1]
    assert cycles[0] != cycles[2]
    assert cycles[0][::2] == cycles[2][::2]


def test_waves_on_request(network, tmp_path):
    done = simulate(
        network, network[0] / "verilog", tmp_path, waves="always", stalls=(0,), resets=False
    )
    assert done.problems == ()
    text = done.waves.read_text()
    assert "$enddefinitions" in text
    assert re.search(r"\$var wire\s+1 \S+ busy ", text)


def test_wrong_cell_is_named(network, tmp_path):
    """One bit of one cell: the mismatch names layer, position, OU, plane and both values."""

    def flip(text):
        return re.sub(
            r"(cells\[0\] = \d+'h[0-9a-f]*)([0-9a-f]);",
            lambda match: f"{match[1]}{int(match[2], 16) ^ 1:x};",
            text,
        )

    done = simulate(network, altered(network, tmp_path, flip), tmp_path, resets=False)
    assert re.fullmatch(
        r"layer first is wrong at position \d, output \d: expected -?\d+, seen -?\d+; "
        r"OU 0, plane \d, bit line 0: ADC code \d+, expected \d+",
        done.problems[0],
    )
    assert done.waves is not None
    assert done.waves.read_text().startswith("$")
    assert sum(run.mismatches for run in runs_of(done, "first")) > 0
    assert sum(run.mismatches for run in runs_of(done, "second")) == 0


def test_hang_is_ended_and_named(network, tmp_path):
    """An engine that takes no inputs is ended by the watchdog, which says what each stream does."""

    def block(text):
        instance = text.index("\\layer_engine.input_buffer  input_buffer (")
        return text[:instance] + re.sub(
            r"\.i__valid\([^)]*\)", ".i__valid(1'b0)", text[instance:], count=1
        )

    done = simulate(network, altered(network, tmp_path, block), tmp_path, **ONCE)
    assert done.problems[0].startswith("layer first hangs after 0 outputs: busy; ")
    assert "index_fetch waits to be taken" in done.problems[0]


def test_endless_outputs_are_ended(network, tmp_path):
    """An engine that drains one position for ever moves all the time, and is ended all the same."""

    def drain(text):
        text, ends = re.subn(r"(assign position_done =)[^;]*", r"\1 1'b0", text)
        text, frees = re.subn(r"(assign drained =)[^;]*shown[^;]*", r"\1 1'b0", text)
        text, walks = re.subn(r"(= complete0) & [^;]*", r"\1", text)
        assert (ends, frees, walks) == (1, 1, 1)
        return text

    done = simulate(network, altered(network, tmp_path, drain), tmp_path, **ONCE)
    assert re.match(r"layer first hangs after \d+ outputs: busy; .*\bo moves", done.problems[0])


def test_foreign_verilog_is_refused(network, tmp_path):
    """Verilog of other tables does not run."""
    target = altered(network, tmp_path, lambda text: text + "\n")
    names = json.loads((target / "names.json").read_text())
    (target / "names.json").write_text(json.dumps(names | {"tables_sha256": "0" * 64}))
    done = simulate(network, target, tmp_path, **ONCE)
    assert "the Verilog is of tables 000000" in done.problems[0]


def test_broken_verilog(network, tmp_path):
    target = altered(network, tmp_path, lambda text: text.replace("endmodule", "", 1))
    with pytest.raises(ToolError, match=r"^Verilator could not build the design: see .*\.log$"):
        build_simulator(target, tmp_path / "build")
    assert not list((tmp_path / "build").glob("layer_bench-*"))


def when_busy(statement):
    def change(text):
        at = text.index("endmodule", text.index("module layer_engine("))
        return f"{text[:at]}  always @(posedge clk) if (busy) {statement};\n{text[at:]}"

    return change


@pytest.mark.parametrize("statement", ["$finish", '$c("std::abort();")'])
def test_simulator_that_dies(network, tmp_path, statement):
    target = altered(network, tmp_path, when_busy(statement))
    with pytest.raises(CheckFailed, match=r"^the simulator (died|ended without a result)"):
        simulate(network, target, tmp_path, stalls=(0,), resets=False)


@pytest.fixture(scope="module")
def skipping(network, tmp_path_factory):
    """The same tables in an engine that skips planes, and windows in which many are zero."""
    source, windows = network
    directory = tmp_path_factory.mktemp("skipping")
    (directory / "verilog").mkdir()
    tables = load(source / "tables")
    write_verilog(build_program(tables, skip_zero_planes=True), directory / "verilog")
    shutil.copytree(source / "tables", directory / "tables")
    sparse = {name: array & 0b0101_0001 for name, array in windows.items()}
    for array in sparse.values():
        array[1], array[3, :12] = 0, 0
    return directory, sparse


def test_planes_are_skipped(skipping, network, tmp_path):
    """Exact with stalls and after a reset; the model gives planes and cycles."""
    done = simulate(skipping, skipping[0] / "verilog", tmp_path)
    assert done.problems == ()
    assert all(run.cycles == run.cycles_model for run in done.runs if not run.stall)
    every = simulate(network, network[0] / "verilog", tmp_path, stalls=(0,), resets=False)
    for name in skipping[1]:
        runs = runs_of(done, name)
        assert len({run.planes for run in runs}) == 1
        assert 0 < runs[0].planes < runs_of(every, name)[0].planes / 2


def test_wrong_cell_is_named_behind_skipped_planes(skipping, tmp_path):
    def flip(text):
        return re.sub(
            r"(cells\[2\] = \d+'h[0-9a-f]*)([0-9a-f]);",
            lambda match: f"{match[1]}{int(match[2], 16) ^ 1:x};",
            text,
        )

    verilog = altered(skipping, tmp_path, flip)
    done = simulate(skipping, verilog, tmp_path, **ONCE)
    assert re.fullmatch(
        r"layer first is wrong at position [024], output \d: expected -?\d+, seen -?\d+; "
        r"OU 2, plane [046], bit line 0: ADC code \d+, expected \d+",
        done.problems[0],
    )
