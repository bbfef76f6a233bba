"""Whole networks through ONNX: as exporters write them, with names, training and copies."""

import copy
import importlib.util
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from arch.geometry import Geometry
from sw.graph import trace_network
from sw.imports import load_factory, load_onnx
from sw.networks import build
from sw.quantise import quantise
from sw.train import train
from tests.sw.imports.onnx_models import compared

OWN = Path(__file__).resolve().parents[3] / "examples" / "own" / "net.py"
NETWORKS = ("digits", "lenet5", "vgg", "residual", "mobilenet")
KEPT = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}


def export(network, path, shape=(1, 8, 8), **options):
    options = {"dynamo": False} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, of its age
        logging.disable(logging.WARNING)
        try:
            torch.onnx.export(network.eval(), (torch.zeros(1, *shape),), path, **options)
        finally:
            logging.disable(logging.NOTSET)
    return path


def own(name):
    return load_factory(f"{OWN}:{name}", in_shape=(1, 8, 8), classes=10, seed=0).module


def names(network, shape=(1, 8, 8)):
    return [step.name for step in trace_network(network, shape).steps]


@pytest.mark.parametrize("folded", [False, True], ids=["kept", "folded"])
@pytest.mark.parametrize("name", NETWORKS)
def test_exported_networks(tmp_path, name, folded):
    """Every kind of network keeps the names of its layers and of what lies between them."""
    network = own(name)
    path = export(network, tmp_path / "m.onnx", **({} if folded else KEPT))
    found = compared(path)
    assert (found.in_shape, found.classes) == ((1, 8, 8), 10)
    assert names(found.module) == names(network)


def test_the_newer_exporter(tmp_path):
    """As it writes it at first, with shapes and constants that are computed."""
    network = own("residual")
    options = {"dynamo": True, "external_data": False, "verbose": False, "optimize": False}
    found = compared(export(network, tmp_path / "m.onnx", **options))
    assert names(found.module) == names(network)


class CalledTwice(nn.Module):
    """As people write blocks: one activation, which is called behind every layer."""

    def __init__(self):
        super().__init__()
        self.block = nn.ModuleDict({"a": nn.Conv2d(1, 3, 3), "b": nn.Conv2d(3, 2, 3)})
        self.block["act"] = nn.ReLU()
        self.head = nn.Linear(32, 10)

    def forward(self, images):
        for name in "ab":
            images = self.block["act"](self.block[name](images))
        return self.head(images.flatten(1))


def test_module_called_twice(tmp_path):
    """The newer exporter says the same module of both nodes."""
    network = CalledTwice()
    options = {"dynamo": True, "external_data": False, "verbose": False}
    found = compared(export(network, tmp_path / "m.onnx", **options)).module
    kinds = {path: type(module) for path, module in found.named_modules()}
    assert kinds.keys() >= {"block.a", "block.act", "block.b", "block.act_2", "head"}
    assert kinds["block.act_2"] is kinds["block.act"] is nn.ReLU


@pytest.mark.parametrize("name", ["digits_cnn", "lenet5", "resnet_tiny"])
def test_builtin_networks(tmp_path, name):
    """With a normalisation, which becomes two operations of constants."""
    channels = 3 if name == "resnet_tiny" else 1
    shape = (channels, 8, 8)
    options = {"mean": [0.4] * channels, "std": [0.3] * channels}
    network = build(name, in_shape=shape, classes=10, seed=0, **options).eval()
    found = compared(export(network, tmp_path / "m.onnx", shape, **KEPT))
    assert names(found.module, shape) == names(network, shape)
    images = torch.rand(2, *shape)
    assert torch.equal(found.module(images), network(images))


def test_trains_like_the_network(tmp_path, digits):
    """The same steps, to the bit: weights, statistics, small numbers of batch normalisation."""
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=0)
    found = load_onnx(export(network, tmp_path / "m.onnx", **KEPT)).module
    copied = copy.deepcopy(found)
    for trained in (network, found):
        train(trained, digits, epochs=1, seed=0)
    expected = network.state_dict()
    for name, tensor in found.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, expected[name]), name
    assert not torch.equal(copied.get_parameter("conv1.weight"), expected["conv1.weight"])


def test_folded_network_has_the_same_dense_integers(tmp_path, trained, digits):
    """But for what rounding moves: weights by one code at most, and few of them."""
    found = load_onnx(export(trained, tmp_path / "m.onnx")).module
    kept, folded = (
        quantise(network, None, digits.train.images, Geometry()) for network in (trained, found)
    )
    for one, other in zip(kept.layers, folded.layers, strict=True):
        moved = np.abs(one.weights.astype(int) - other.weights)
        assert moved.max() <= 1
        assert moved.mean() < 1e-3
        assert np.abs(one.multiplier - other.multiplier).max() <= 1
        assert one.spec == other.spec


def test_shapes_only_reads_no_weight(tmp_path):
    """Even weights that are not there to be read: what is left of the file is enough."""
    path = export(own("vgg"), tmp_path / "m.onnx", **KEPT)
    whole, bare = load_onnx(path), load_onnx(path, shapes_only=True)
    assert {tensor.device.type for tensor in bare.module.state_dict().values()} == {"meta"}
    shapes = [{k: v.shape for k, v in n.module.state_dict().items()} for n in (whole, bare)]
    assert shapes[0] == shapes[1]
    assert (bare.in_shape, bare.classes) == (whole.in_shape, whole.classes)
    assert names(bare.module) == names(whole.module)


def test_rows_of_features(tmp_path):
    network = torch.nn.Sequential(
        torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3, bias=False)
    )
    found = compared(export(network, tmp_path / "m.onnx", (5,)))
    assert (found.in_shape, found.classes) == ((5, 1, 1), 3)
    assert names(found.module, (5, 1, 1)) == ["layer_0", "layer_2"]


def test_the_example_exports(tmp_path, monkeypatch):
    """``python export.py`` with weights of one's own."""
    monkeypatch.syspath_prepend(str(OWN.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("export", OWN.with_name("export.py"))
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.delitem(sys.modules, "net")
    network = own("lenet5")
    torch.save(network.state_dict(), tmp_path / "w.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script.export("lenet5", tmp_path / "m.onnx", tmp_path / "w.pt")
    images = torch.from_numpy(np.random.default_rng(0).random((2, 1, 8, 8), np.float32))
    assert torch.equal(load_onnx(tmp_path / "m.onnx").module(images), network(images))
