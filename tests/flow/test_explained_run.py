"""What a run directory tells beside its tables: its hardware, and why a segment was kept."""

import json

import numpy as np
import pytest
import yaml

from arch.errors import InputError
from arch.network_cycles import image_cycles, network_cycles
from arch.network_program import build_network_program
from flow.explained_image import image_windows
from flow.explained_run import chosen_ratio, hardware_view, segment_rank
from sw.mapping.explanation import explain
from sw.tensor_file import write_tensors
from tests.flow.finished_run import write_finished


def test_rank_says_what_was_kept(place, command):
    """As many as are kept have a rank up to there, and they are exactly those."""
    status, _, err = command(
        *("run", "small.yaml", "-o", "run", "--until", "map", "--set", "search.agent=none"),
        *("--set", "prune.ratio={conv1: 0.5, conv2: 0.7, conv3: 0.6, fc: 0.3}"),
    )
    assert status == 0, err
    run = place / "run"
    hardware = hardware_view(run)
    for table, ratio in zip(hardware.tables.layers, (0.5, 0.7, 0.6, 0.3), strict=True):
        name = table.spec.name
        assert chosen_ratio(run, name) == ratio
        seen = set()
        for row in range(0, table.spec.rows, hardware.tables.geometry.ou_rows):
            for col in range(table.spec.cols):
                rank = segment_rank(run, hardware.tables, (name, row, col))
                place_of = explain(hardware, name, row, col, position=0).place
                assert (place_of is not None) == (rank.rank <= table.segments_kept)
                assert rank.segments == table.segments
                seen.add(rank.rank)
        assert seen == set(range(1, table.segments + 1))
    assert segment_rank(run, hardware.tables, ("conv9", 0, 0)) is None
    assert segment_rank(run, hardware.tables, ("conv1", 99, 0)) is None
    status, out, _ = command("explain", "run", "--layer", "conv2", "--row", 0, "--col", 0)
    assert status == 0
    assert "the ratio of 0.7 keeps" in out


def test_hardware_is_that_of_the_record(tmp_path):
    built = {"skip_zero_planes": True, "crossbar": "macro", "macro_latency": 9}
    run = write_finished(tmp_path / "run", configuration={"hardware": built})
    shape = hardware_view(run).program.shape
    assert (shape.skip_zero_planes, shape.macro.latency) == (True, 9)
    tables = hardware_view(run / "map" / "tables")
    assert (tables.may_skip, tables.program.shape.macro) == (False, None)
    loadable = write_finished(
        tmp_path / "loadable",
        configuration={"hardware.tables": "loadable", "hardware.capacity": {"outputs": 64}},
    )
    hardware = hardware_view(loadable)
    # The engine that loads its tables has room for more, so its records are wider.
    entry = hardware.index_entry("conv", 0)
    assert entry.bits > hardware.program.shape.index_layout.width


def test_image_of_an_engine_that_skips(place, command):
    """Its cycles are those of the model; other images take others, and all planes the most."""
    overrides = ("--set", "search.agent=none", "--set", "hardware.skip_zero_planes=true")
    status, _, err = command("run", "small.yaml", "-o", "run", "--until", "verilog", *overrides)
    assert status == 0, err
    tables = hardware_view(place / "run").tables
    program = build_network_program(tables, skip_zero_planes=True)
    totals = []
    for image in (0, 1):
        status, out, err = command("explain", "run", "--cycle", 300, "--image", image, "--json")
        assert (status, err) == (0, "")
        found = json.loads(out)
        windows = image_windows(place / "run", tables, image, trust=False)
        assert found["total"] == image_cycles(tables, program, windows).total
        assert not found["may_skip"]
        totals.append(found["total"])
    assert len({*totals, network_cycles(tables, program).total}) == 3
    status, out, _ = command("explain", "run", "--cycle", 300)
    assert "skips planes" in out
    for words, line in (
        (("--cycle", 1, "--image", 18), "the test split has no image 18; legal is 0 to 17"),
        (("--cycle", 1, "--image", -1), "the test split has no image -1; legal is 0 to 17"),
        (("--layer", "conv1", "--ou", 0, "--image", 0), "--image goes with --cycle only"),
    ):
        assert command("explain", "run", *words) == (2, "", f"ohmforge: {line}\n")
    tables_only = place / "run" / "map" / "tables"
    assert command("explain", tables_only, "--cycle", 1, "--image", 0)[2] == (
        "ohmforge: the engine skips no planes: leave --image out, all take these cycles\n"
    )
    (place / "data.npz").unlink()
    status, _, err = command("explain", "run", "--cycle", 1, "--image", 0)
    assert (status, err.count("\n")) == (2, 1)
    assert "data.npz: cannot be read" in err


@pytest.mark.parametrize("part", ["data", "head"])
def test_functions_are_called_only_if_trusted(place, command, part):
    """A run directory that came from elsewhere runs nothing by itself."""
    overrides = ["--set", "search.agent=none", "--set", "hardware.skip_zero_planes=true"]
    text = """
import pathlib
import numpy as np
from torch import nn
pathlib.Path("called").touch()
def data():
    made = np.random.default_rng(0)
    return {"images": made.random((90, 1, 6, 6)), "labels": np.arange(90) % 3}
def network():
    return nn.Sequential(nn.Tanh(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
"""
    (place / "own.py").write_text(text)
    if part == "data":
        made = {"kind": "python", "source": "own.py:data"}
        changed = {"data": made}
    else:
        made = {"kind": "torch", "source": "own.py:network", "on_host": ["head"]}
        changed = {"model": made, "prune": {"ratio": 0.5, "finetune_epochs": 1}}
    small = yaml.safe_load((place / "small.yaml").read_text())
    (place / "small.yaml").write_text(json.dumps(small | changed))
    status, _, err = command("run", "small.yaml", "-o", "run", "--until", "verilog", *overrides)
    assert status == 0, err
    (place / "called").unlink()
    (place / "own.py").write_text(text + "# so that nothing is remembered\n")
    asked = ("explain", "run", "--cycle", 1, "--image", 0)
    source = "own.py:data" if part == "data" else "own.py:network"
    assert command(*asked) == (
        2,
        "",
        f"ohmforge: run: its images come from {source}, which is run only with --trust\n",
    )
    assert not (place / "called").exists()
    status, _, err = command(*asked, "--trust")
    assert (status, err) == (0, "")
    assert (place / "called").exists()
    if part == "head":  # a layer by its name in the network
        spelt = [
            command("explain", "run", "--layer", name, "--row", 0, "--col", 0)
            for name in ("1", "layer_1")
        ]
        assert spelt[0] == spelt[1]
        assert spelt[0][0] == 0


def test_hardware_of_another_version(tmp_path):
    run = write_finished(tmp_path / "run", configuration={"hardware": {"planes": 3}})
    with pytest.raises(InputError, match=r"its record of the Verilog is of another version"):
        hardware_view(run)
    run = write_finished(tmp_path / "other", configuration={"seed": 3})
    with pytest.raises(InputError, match=r"its record of the Verilog is of another version"):
        hardware_view(run)


def test_dense_network_that_is_of_no_use(tmp_path):
    """Weights of another shape, or that are not numbers, give no rank."""
    run = write_finished(tmp_path / "run", configuration={"hardware.tiles": 1})
    tables = hardware_view(run).tables
    assert segment_rank(run, tables, ("conv", 0, 0)) is None
    spec = tables.layer("conv").spec
    right = np.ones((spec.cols, spec.in_shape[0], *spec.kernel), dtype=np.float32)
    for weights, known in ((right, True), (right[:-1], False), (right * np.nan, False)):
        path = run / "train" / "network.safetensors"
        write_tensors(path, {"conv.weight": weights}, kind="network weights", content={})
        assert (segment_rank(run, tables, ("conv", 0, 0)) is not None) == known
    path.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"network\.safetensors: is damaged"):
        segment_rank(run, tables, ("conv", 0, 0))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "state --row and --col, or --ou, or --cycle"),
        (("--layer", "conv"), "state --row and --col, or --ou, or --cycle"),
        (("--layer", "conv", "--row", 1), "state --row and --col, or --ou, or --cycle"),
        (("--row", 1, "--col", 1), "state the --layer too"),
        (("--ou", 1), "state the --layer too"),
        (("--ou", 1, "--cycle", 1), "state --row and --col, or --ou, or --cycle"),
        (("--cycle", 1, "--plane", 1), "--plane goes with --ou only"),
        (("--cycle", 1, "--position", 1), "--position does not go with --cycle"),
        (
            ("--layer", "conv", "--row", 1, "--col", 1, "--plane", 2),
            "--plane goes with --ou only",
        ),
    ],
)
def test_wrong_use(words, line, command, tmp_path):
    status, out, err = command("explain", tmp_path, *words)
    assert (status, out, err) == (2, "", f"ohmforge: {line}\n")
