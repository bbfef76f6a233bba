"""`ohmforge check` as a person and as a program sees it."""

import json
from pathlib import Path

import pytest

from arch.errors import InputError
from flow import cli
from flow.check import check_job
from flow.configured_network import configured_network
from flow.read_configuration import read_configuration
from sw.examine import Verdict

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "digits.yaml"
NETWORK = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.wide = nn.Conv2d(8, 16, 1)
        self.gate = nn.Sigmoid()
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.gate(self.stem(x))
        x = torch.softmax(self.wide(x), 1)
        return self.head(x.mean((2, 3)))


def good():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Flatten(),
        nn.Linear(8 * 6 * 6, 5),
    )
"""
CONFIGURATION = """\
name: own
model: {kind: torch, source: "net.py:NAME", in_shape: [3, 16, 16]}
data: {kind: folder, path: nowhere}
"""


@pytest.fixture
def command(capsys):
    """Run the command line; returns exit status, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["check", *map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A configuration of a network in a file; its data are not there."""

    def write(name):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "net.py").write_text(NETWORK)
        (tmp_path / "own.yaml").write_text(CONFIGURATION.replace("NAME", name))
        return tmp_path / "own.yaml"

    return write


def row(text, start):
    """Cells of the line that begins with ``start``."""
    line = next(line for line in text.splitlines() if line.startswith(f"│ {start} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_text(command):
    status, out, err = command(EXAMPLE)
    assert (status, err) == (0, "")
    assert out.startswith("digits: images of 1 x 8 x 8")
    conv = ["conv2", "Conv2d 3x3, stride 2", "32 x 4 x 4", "mapped", "144 x 32", "256", "81"]
    assert row(out, "conv2") == [*conv, "2", "1", "32,893", "10,493"]
    assert row(out, "bn2")[:4] == [
        "bn2",
        "BatchNorm2d",
        "32 x 4 x 4",
        "folded into the layer before",
    ]
    assert row(out, "total")[5:] == ["1,061", "344", "8", "4", "105,351", "33,781"]
    assert row(out, "cells") == ["cells", "344", "144", "48.4", "4"]
    assert "19,088 weights, 235,520 multiply-accumulates an image" in out
    assert "\nfits LFE5U-25F: 21 of 56 memory blocks, 3 of 28 multipliers, about " in out
    assert "the search takes" not in out


def test_search_is_estimated(command):
    status, out, _ = command(EXAMPLE.with_name("digits_search.yaml"))
    assert status == 0
    assert "the search takes about" in out


def test_what_does_not_fit(command):
    """The exit status is that of a check that was made: nothing is wrong with the input."""
    status, out, err = command(EXAMPLE, "--set", "hardware.target=ice40-up5k")
    assert (status, err) == (0, "")
    assert "\ndoes not fit iCE40UP5K: 50 of 30 memory blocks: 20 too many; about " in out


def test_json(command):
    status, out, err = command(EXAMPLE, "--json", "--set", "prune.ratio={conv3: 0.9}")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert (found["schema"], found["in_shape"], found["refused"]) == (1, [1, 8, 8], [])
    assert [entry["step"] for entry in found["operations"] if entry["verdict"] == "mapped"] == [
        "conv1",
        "conv2",
        "conv3",
        "fc",
    ]
    assert [layer["ratio"] for layer in found["layers"]] == [0, 0, 0.9, 0]
    for layer in found["layers"]:
        assert (layer["dense"] == layer["pruned"]) == (layer["ratio"] == 0)
    for size in ("dense", "pruned"):
        for amount in ("ous", "crossbars"):
            layers = sum(layer[size][amount] for layer in found["layers"])
            assert found["totals"][size][amount] == layers
    blocks = sum(memory["blocks"] for memory in found["memories"])
    needs = {need["resource"]: need for need in found["target"]["needs"]}
    assert needs["memory blocks"]["needed"] == blocks
    assert found["target"]["fits"] is all(need["missing"] == 0 for need in needs.values())
    assert found["search"] is None


RESNET = Path(EXAMPLE).with_name("resnet20_cifar10.yaml")


def test_example_without_its_data(command, tmp_path, monkeypatch):
    """The configuration can say what the data would."""
    monkeypatch.chdir(tmp_path)
    shape = ("--set", "model.in_shape=[3, 32, 32]")
    status, out, err = command(RESNET, *shape, "--set", "model.classes=10")
    assert (status, err) == (0, "")
    assert "268,336 weights" in out
    status, out, err = command(RESNET, *shape)
    assert (status, out) == (2, "")
    assert err.startswith("ohmforge: data/cifar10_jpeg_train.npz: cannot be read: No such file")
    assert err.endswith("; model.in_shape and model.classes stand in for data that are not there\n")


def test_classes_of_other_data():
    with pytest.raises(InputError, match=r"^model\.classes is 9, but the data have 10$"):
        configured_network(read_configuration(EXAMPLE, ("model.classes=9",)), (1, 8, 8), 10)


def test_own_network_without_data(command, own):
    status, out, err = command(own("good"), "--set", "data.mean=[0.5, 0.5, 0.5]")
    assert (status, err) == (0, "")
    assert row(out, "3")[:5] == ["3", "Conv2d 3x3, groups 8", "8 x 6 x 6", "mapped", "72 x 8"]
    assert row(out, "2")[3] == "engine"
    # What the mean brings is folded before the first layer, not behind the last one.
    assert out.index("│ normalise ") < out.index("│ 0 ")


def test_all_refused_are_listed(command, own):
    status, out, err = command(own("Net"))
    assert status == 2
    assert err.count("\n") == 1
    assert err.startswith("ohmforge: the network cannot be mapped, as 2 operations are refused: ")
    for place, operation in (("gate", "Sigmoid"), ("softmax", "softmax")):
        cells = row(out, place)
        assert cells[1] == operation
        assert cells[3].startswith("refused: ")
        assert f"{place} ({operation})" in err
        assert cells[3].removeprefix("refused: ")[:24] in err
    assert row(out, "wide")[:4] == ["wide", "Conv2d 1x1", "16 x 16 x 16", "mapped"]
    assert "memories" not in out


def test_refused_as_json(command, own):
    status, out, err = command(own("Net"), "--json")
    assert status == 2
    assert err.startswith("ohmforge: the network cannot be mapped")
    found = json.loads(out)
    assert found["refused"] == ["gate", "softmax"]
    assert "layers" not in found


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("prune.ratio={conv9: 0.5}", "prune.ratio: no layer 'conv9' to prune"),
        ("hardware.target=zynq", "hardware.target must be ice40-up5k or ecp5-25f or ecp5-45f"),
        ("geometry.ou_cols=2", "a weight of 8 bits takes 4 cells"),
    ],
)
def test_wrong_configuration(command, override, line):
    status, out, err = command(EXAMPLE, "--set", override)
    assert (status, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


def test_network_that_no_weights_can_save(command, own):
    """The depthwise layer has no ReLU, and signed outputs take two bits."""
    status, out, err = command(own("good"), "--set", "quantise.act_bits=1")
    assert (status, out) == (2, "")
    assert err.startswith("ohmforge: the network cannot be built: layer layer_3: outputs have a s")


def test_capacity_that_is_too_small():
    overrides = ["hardware.tables=loadable", "hardware.capacity={ous: 10}"]
    with pytest.raises(InputError, match=r"hardware\.capacity\.ous is 10, but the tables need 344"):
        check_job(read_configuration(EXAMPLE, overrides))


def test_verdicts_are_those_of_examine():
    found = check_job(read_configuration(EXAMPLE, ()))
    assert all(isinstance(verdict, Verdict) for verdict in found.verdicts)
    assert found.sizes.pruned.layers[0].ratio == 0.7
