"""Data and weights of no use, through the command line: one line that says so, and status 2."""

import shutil

import numpy as np
import pytest
import safetensors.numpy

from sw.networks import build
from tests.flow.small_job import refused, write_images


def initial():
    """Random weights by name."""
    network = build("digits_cnn", in_shape=(1, 6, 6), classes=3, seed=0)
    return {name: values.numpy().copy() for name, values in network.state_dict().items()}


def write_weights(path, name, values):
    """Random weights in a file, but for those called ``name``."""
    safetensors.numpy.save_file(initial() | {name: values}, path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv2.weight", np.nan, "w.st: conv2.weight must be finite, not NaN or infinite"),
        ("bn1.running_mean", np.inf, "w.st: bn1.running_mean must be finite, not NaN or infinite"),
        ("bn2.running_var", -1, "w.st: bn2.running_var must be variances of at least 0, not -1.0"),
        ("conv3.weight", 3e38, "the network's scores are not finite: its weights are too large"),
    ],
)
def test_weights_of_no_use(search, place, name, value, message):
    write_weights(place / "w.st", name, np.full_like(initial()[name], value))
    ended = search("model.weights=w.st", "train.epochs=0")
    assert refused(ended, place).startswith(message)


@pytest.mark.parametrize(
    ("name", "factor", "overrides", "message"),
    [
        ("fc.weight", 1e38, (), "training diverged in epoch 1: lower the learning rate"),
        # Batch normalisation hides it from the loss: only the variances are too large.
        (
            "conv2.weight",
            1e20,
            (),
            "the trained network is of no use: bn2.running_var must be finite",
        ),
        (
            "conv2.weight",
            1e20,
            ("train.epochs=0", "search=null"),
            "the pruned network is of no use: bn2.running_var must be finite",
        ),
    ],
)
def test_training_diverges(search, place, name, factor, overrides, message):
    write_weights(place / "w.st", name, np.float32(factor) * initial()[name])
    line = refused(search("model.weights=w.st", *overrides), place)
    assert line.startswith(message)
    assert "learning" in line.partition("lower ")[2]


@pytest.mark.parametrize(
    ("images", "overrides", "message"),
    [
        ({"count": 0}, (), "data.npz: holds no image"),
        ({"labels": -np.ones(90, int)}, (), "data.npz: label of image 0 is -1, but must be 0 to"),
        (
            {"classes": np.array(["a", "b"])},
            (),
            "data.npz: label of image 2 is 2, but must be 0 to 1",
        ),
        ({"labels": np.full(90, 1 << 40)}, (), "data.npz: label of image 0 is 1099511627776, but"),
        (
            {"count": 12},
            (),
            "data.npz: 12 images are too few to split: a split of 2 cannot have an image of each",
        ),
        (
            {"labels": np.arange(90) // 89},
            (),
            "data.npz: 90 images are too few to split: class 1 has one image, but each split",
        ),
        (
            {"labels": np.zeros(90, int)},
            ("data.train_limit=2",),
            "data.npz: one image is too few to train on; give more images, or raise data.train",
        ),
        ({}, ("data.path=none.npz",), "none.npz: cannot be read: No such file or directory"),
        ({}, ("data.kind=folder", "data.path=none"), "none: cannot be read: No such file or dir"),
        ({}, ("data.kind=folder", "data.path=."), ".: holds no folder of JPEG or PNG pictures"),
        (
            {"count": 30},
            ("data.kind=folder", "data.path=data.npz"),
            "data.npz: cannot be read: Not a directory",
        ),
        ({}, ("model.weights=none.st",), "none.st: cannot be read: No such file or directory"),
    ],
)
def test_data_of_no_use(search, place, images, overrides, message):
    write_images(place / "data.npz", **images)
    assert refused(search(*overrides), place).startswith(message)


def test_images_too_small_to_shift(search, place):
    images = np.random.default_rng(0).integers(0, 256, (90, 4, 6), dtype=np.uint8)
    np.savez(place / "data.npz", images=images, labels=np.arange(90) % 3)
    assert refused(search("train.variations=crop_flip"), place) == (
        "variations crop_flip need images of more than 4 pixels each way, not 4 x 6"
    )


def test_no_cuda(search, place, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert refused(search("device=cuda"), place) == (
        "device cuda: torch finds no CUDA device; say device: cpu, or auto"
    )


def test_any_device(search, place, monkeypatch):
    """Without CUDA ``auto`` is the CPU, to the bit; with bfloat16 the job goes on as well."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    weights = place / "run" / "prune" / "network.safetensors"
    found = {}
    for override in ("device=cpu", "device=auto", "train.precision=bfloat16"):
        shutil.rmtree(place / "run", ignore_errors=True)
        status, lines = search(override)
        assert status == 0, lines
        found[override] = (weights.read_bytes(), (place / "run" / "policy.yaml").read_bytes())
    assert found["device=cpu"] == found["device=auto"]
    assert found["device=cpu"] != found["train.precision=bfloat16"]
