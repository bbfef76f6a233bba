"""Where networks are computed, and in which format: what that changes and what it does not."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from arch.errors import ToolError
from sw.compute import DEVICES, PRECISIONS, device_of, pick_device, precision_of
from sw.datasets import Split
from sw.networks import build
from sw.prune import finetune, weight_masks
from sw.search.choices import network_choices
from sw.train import Recipe, accuracy, train
from tests.sw.search_problems import GEOMETRY


@pytest.mark.parametrize(
    ("name", "available", "kind"),
    [
        ("auto", False, "cpu"),
        ("auto", True, "cuda"),
        ("cpu", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_pick_device(monkeypatch, name, available, kind):
    monkeypatch.setattr("torch.cuda.is_available", lambda: available)
    assert pick_device(name) == torch.device(kind)


def test_no_cuda(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ToolError) as caught:
        pick_device("cuda")
    assert str(caught.value) == (
        "device cuda: torch finds no CUDA device; say device: cpu, or auto"
    )


@pytest.mark.parametrize("name", ["", "gpu", "cuda:1", "CPU"])
def test_wrong_names(name):
    with pytest.raises(ValueError, match=f"device must be {', '.join(DEVICES)}, not '{name}'"):
        pick_device(name)
    with pytest.raises(ValueError, match=f"precision must be {', '.join(PRECISIONS)}, not"):
        precision_of(torch.device("cpu"), name)


def test_device_of():
    assert device_of(nn.Linear(2, 2)) == torch.device("cpu")
    assert device_of(nn.Linear(2, 2, device="meta")) == torch.device("meta")
    assert device_of(nn.Flatten()) == torch.device("cpu")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_precision_of(precision):
    layer, values = nn.Linear(2, 2), torch.rand(1, 2)
    with precision_of(torch.device("cpu"), precision):
        assert layer(values).dtype == getattr(torch, precision)
    assert layer(values).dtype == torch.float32


def short(digits, epochs, **options):
    """A network after some epochs on a few of the digits."""
    train_split = Split(images=digits.train.images[:320], labels=digits.train.labels[:320])
    network = build("digits_cnn", in_shape=digits.in_shape, classes=10, seed=0)
    few = dataclasses.replace(digits, train=train_split)
    train(network, few, epochs=epochs, seed=5, recipe=Recipe(**options))
    return network


def bits(network):
    return torch.cat([values.flatten().double() for values in network.state_dict().values()])


def test_same_seed_gives_the_same_bits_in_bfloat16(digits):
    first = short(digits, 2, precision="bfloat16")
    assert torch.equal(bits(short(digits, 2, precision="bfloat16")), bits(first))
    assert not torch.equal(bits(short(digits, 2)), bits(first))


def test_weights_stay_float32(digits):
    """Each step is added to a float32 weight, so that small ones are not lost."""
    network = short(digits, 1, precision="bfloat16")
    kinds = {values.dtype for values in network.state_dict().values()}
    assert kinds == {torch.float32, torch.int64}
    weights = network.conv3.weight.detach()
    assert not torch.equal(weights, weights.bfloat16().float())


def test_digits_are_learnt_in_bfloat16(digits):
    network = short(digits, 12, precision="bfloat16")
    assert accuracy(network, digits.validation) > 0.9


def test_accuracy_in_both_formats(trained, digits):
    scores = {precision: accuracy(trained, digits.test, precision) for precision in PRECISIONS}
    assert scores["bfloat16"] == pytest.approx(scores["float32"], abs=0.02)
    assert scores["float32"] == accuracy(trained, digits.test)


def test_formats_differ_where_scores_are_close():
    """In bfloat16 two scores that differ by less than a part in 256 are equal: the first wins."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0], [1.001]]))
    split = Split(images=np.ones((4, 1, 1, 1), np.float32), labels=np.ones(4, np.int64))
    assert accuracy(network, split) == 1
    assert accuracy(network, split, "bfloat16") == 0


def test_mask_is_held_in_bfloat16(trained, digits):
    layers = network_choices(trained, digits.in_shape, GEOMETRY, scheme="column_vector")
    kept = {layer.name: layer.mask(layer.kept(0.5)) for layer in layers}
    few = dataclasses.replace(
        digits, train=Split(images=digits.train.images[:96], labels=digits.train.labels[:96])
    )
    options = {"scheme": "column_vector", "epochs": 1, "seed": 0}
    finetune(trained, kept, few, GEOMETRY, recipe=Recipe(precision="bfloat16"), **options)
    masks = weight_masks(trained, kept, GEOMETRY, scheme="column_vector")
    for name, module in trained.named_children():
        if name in masks:
            weight = module.weight.detach()
            assert torch.equal(weight, weight * masks[name])
            assert weight.abs().sum() > 0
    values = bits(trained)
    assert torch.isfinite(values).all()
