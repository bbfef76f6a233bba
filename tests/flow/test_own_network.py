"""A network of one's own through the job: the same tables, what runs again, what is refused."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from flow import cli
from flow.configuration import Configuration
from flow.sources import network_without_data
from sw.datasets import load_digits
from sw.networks import build
from sw.train import train

OWN = Path(__file__).resolve().parents[2] / "examples" / "own"
GIVEN = "name: same\ntrain: {epochs: 0}\nprune: {finetune_epochs: 1, finetune_images: 200}\n"


@pytest.fixture(scope="module")
def weights():
    """A network of one epoch."""
    digits = load_digits(seed=0)
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=7)
    train(network, digits, epochs=1, seed=0)
    return network


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a job in a directory of its own; gives the exit status and the last line."""
    monkeypatch.chdir(tmp_path)

    def run_job(text, *overrides, until="map", directory="run"):
        (tmp_path / "c.yaml").write_text(text)
        words = ["run", "c.yaml", "-o", directory, "--until", until]
        for override in overrides:
            words += ["--set", override]
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        lines = capsys.readouterr().err.splitlines()
        return ended.value.code, lines

    return run_job


def export(network, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, 1, 8, 8),),
            path,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            dynamo=False,
        )


def test_the_same_tables(run, tmp_path, weights):
    """Built in, from a file of one's own, and through ONNX; fine-tuning included."""
    torch.save(weights.state_dict(), "w.pt")
    shutil.copy(OWN / "net.py", "net.py")
    export(weights, "m.onnx")
    models = {
        "builtin": "model: {weights: w.pt}\n",
        "torch": "model: {kind: torch, source: net.py:digits, weights: w.pt}\n",
        "onnx": "model: {kind: onnx, path: m.onnx}\n",
    }
    manifests = set()
    for kind, model in models.items():
        status, lines = run(GIVEN + model, directory=kind)
        assert status == 0, lines
        manifests.add((tmp_path / kind / "map" / "tables" / "manifest.json").read_bytes())
    assert len(manifests) == 1


def test_what_runs_again(run, tmp_path, weights):
    """A change of the file, of one that it imports, of the weights; not one of another file."""
    text = "name: again\nmodel: {kind: torch, source: net.py:digits}\ntrain: {epochs: 0}\n"
    shutil.copy(OWN / "net.py", "parts.py")
    Path("net.py").write_text("from parts import digits\n")
    status, lines = run(text, until="train")
    assert status == 0, lines
    assert "up to date" in " ".join(run(text, until="train")[1])
    Path("other.py").write_text("x = 1\n")
    assert "up to date" in " ".join(run(text, until="train")[1])
    with Path("parts.py").open("a") as file:
        file.write("\n# more\n")
    assert "model.source changed" in " ".join(run(text, until="train")[1])
    torch.save(weights.state_dict(), "w.pt")
    text = text.replace("digits}", "digits, weights: w.pt}")
    run(text, until="train")
    torch.save(build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=1).state_dict(), "w.pt")
    assert "model.weights changed" in " ".join(run(text, until="train")[1])


REFUSED = """\
import torch
from torch import nn

def bad(classes):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.Conv2d(4, 4, 3), nn.GELU(), nn.Flatten(),
        nn.Linear(64, classes),
    )

def few():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))

def right():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

def sized():
    return nn.Sequential(nn.Flatten(), nn.Linear(100, 10))

class Changed(nn.Sequential):
    def forward(self, x):
        y = first = self[0](x)
        y += 1
        return self[1](torch.flatten(y + first, 1))

def changed():
    return Changed(nn.Conv2d(1, 1, 1), nn.Linear(64, 10))
"""


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("source: net.py:bad", "net.py:bad: cannot be mapped: 1 (Sigmoid): "),
        ("source: net.py:few", "the network gives 3 scores, but the data have 10 classes"),
        ("source: net.py:sized", "net.py: RuntimeError: mat1 and mat2 shapes cannot be"),
        ("source: net.py:changed", "net.py:changed: its trace computes something else"),
        ("source: gone.py:net", "gone.py: cannot be read: No such file or directory"),
        ("source: net.py:sized, in_shape: [1, 10, 10]", "model.in_shape is [1, 10, 10], but"),
        ("source: net.py:right, weights: w.pt", "w.pt: cannot be read: No such file"),
    ],
)
def test_refused_before_any_training(run, model, message):
    Path("net.py").write_text(REFUSED)
    status, lines = run(f"model: {{kind: torch, {model}}}\n")
    assert status == 2
    assert lines[-1].startswith(f"ohmforge: {message}")
    if ":bad" in model:
        assert "; 3 (GELU): " in lines[-1]
    assert not Path("run/train").exists()


def test_other_images(run, weights):
    export(weights, "m.onnx")
    np.savez("a.npz", images=np.zeros((60, 6, 6), np.uint8), labels=np.arange(60) % 3)
    text = "model: {kind: onnx, path: m.onnx}\ndata: {kind: npz, path: a.npz}\n"
    status, lines = run(text)
    assert status == 2
    assert lines[-1] == (
        "ohmforge: m.onnx: takes images of (1, 8, 8) (channels, height, width), but images are "
        "(1, 6, 6)"
    )


def test_features_are_not_moved(run):
    np.savez("a.npz", images=np.zeros((60, 5), np.uint8), labels=np.arange(60) % 3)
    status, lines = run("data: {kind: npz, path: a.npz}\n")
    assert (status, lines[-1]) == (
        2,
        "ohmforge: train.variations must be none for data of features: affine moves pixels",
    )


HOSTED = """\
import torch
from torch import nn

class Curve(nn.Module):
    def forward(self, images):
        return torch.tanh(2 * images - 1)

class Turned(nn.Module):
    def forward(self, scores):
        return torch.sigmoid(scores).flip(1)

def net(classes):
    return nn.Sequential(
        Curve(), nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
        nn.Linear(72, classes), Turned(),
    )
"""


def test_head_and_tail_on_the_host(run, tmp_path):
    """The accuracy is that of the whole network: a tail that turns the scores around counts."""
    Path("net.py").write_text(HOSTED)
    text = (
        "model: {kind: torch, source: net.py:net, on_host: [head, tail]}\n"
        "train: {epochs: 8, variations: none, learning_rate: 0.2}\n"
        "prune: {ratio: 0.0, finetune_epochs: 0}\n"
    )
    status, lines = run(text)
    assert status == 0, lines
    accuracies = json.loads((tmp_path / "run" / "quantise" / "accuracy.json").read_text())
    trained = json.loads((tmp_path / "run" / "train" / "accuracy.json").read_text())
    assert trained["accuracy"] > 0.6
    assert abs(accuracies["quantised"] - trained["accuracy"]) < 0.05
    manifest = json.loads((tmp_path / "run" / "map" / "tables" / "manifest.json").read_text())
    assert [layer["name"] for layer in manifest["layers"]] == ["layer_1", "layer_5"]
    status, lines = run(text.replace("[head, tail]", "[tail]"), directory="other")
    assert status == 2
    assert "model.on_host: [head]" in lines[-1]


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ({"kind": "torch", "source": "net.py:digits", "in_shape": [1, 8, 8]}, {}),
        ({"kind": "torch", "source": "net.py:digits"}, {"kind": "npz", "path": "a.npz"}),
        ({"kind": "onnx", "path": "m.onnx"}, {"kind": "npz", "path": "gone.npz"}),
        ({}, {"kind": "npz", "path": "a.npz", "mean": [0.5]}),
    ],
)
def test_network_without_data(monkeypatch, tmp_path, weights, model, data):
    """Shapes come from the configuration, the ONNX file, or the beginning of the data."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(OWN / "net.py", "net.py")
    export(weights, "m.onnx")
    np.savez("a.npz", images=np.zeros((60, 8, 8)) + 2, labels=np.arange(60) % 10)
    if model.get("in_shape"):
        model = model | {"source": "net.py:vgg"}
        Path("net.py").write_text(
            Path("net.py")
            .read_text()
            .replace(
                "def vgg(in_shape: tuple[int, ...], classes: int)", "def vgg(in_shape, classes=10)"
            )
        )
    configuration = Configuration(model=model, data=data)
    network, in_shape, classes = network_without_data(configuration)
    assert (in_shape, classes) == ((1, 8, 8), 10)
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
