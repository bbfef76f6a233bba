"""Weights that torch saved; a pickle that does more than rebuild tensors is never loaded."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from arch.errors import InputError
from sw.networks import build
from sw.state_dict_file import read_state_dict
from sw.weights import load_weights


@pytest.fixture
def network():
    return build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=3)


class Harmful:
    """Touches a file where it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".PT"])
def test_weights_of_torch(network, tmp_path, suffix):
    path = tmp_path / f"w{suffix}"
    torch.save(network.state_dict(), path)
    other = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=4)
    load_weights(other, path)
    for name, tensor in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name


def test_parameters_too(network, tmp_path):
    torch.save(dict(network.named_parameters()), tmp_path / "w.pt")
    found = read_state_dict(tmp_path / "w.pt")
    assert np.array_equal(found["fc.bias"], network.fc.bias.detach().numpy())


def test_nothing_of_a_pickle_is_executed(tmp_path):
    path, touched = tmp_path / "w.pt", tmp_path / "touched"
    torch.save({"a": torch.zeros(1), "b": Harmful(touched)}, path)
    with pytest.raises(InputError, match=r"holds .*open, no state dict alone: save it with"):
        read_state_dict(path)
    path.write_bytes(pickle.dumps(Harmful(touched)))
    with pytest.raises(InputError, match=r"is no file of torch\.save"):
        read_state_dict(path)
    assert not touched.exists()


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (nn.Linear(1, 1), "holds torch.nn.modules.linear.Linear, no state dict alone"),
        ({"state_dict": {"a": torch.zeros(1)}}, "'state_dict' is dict, no tensor"),
        ({"a": torch.zeros(1), "epoch": 3}, "'epoch' is int, no tensor"),
        ([torch.zeros(1)], "holds list, no state dict"),
        ({}, "holds dict, no state dict"),
        ({"a": torch.zeros(1).expand(10**10)}, r"'a' has the shape \(10000000000,\): more than"),
        ({"a": bytearray(5)}, "bytearray"),
        ({"a": torch.zeros(2, dtype=torch.float16)}, "torch.HalfStorage"),
    ],
)
def test_wrong_content(tmp_path, saved, message):
    torch.save(saved, tmp_path / "w.pt")
    with pytest.raises(InputError, match=message) as caught:
        read_state_dict(tmp_path / "w.pt")
    assert "\n" not in str(caught.value)


def test_old_format_and_packed_files(network, tmp_path):
    path = tmp_path / "w.pt"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(InputError, match="too old"):
        read_state_dict(path)
    torch.save(network.state_dict(), path)
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    path.write_bytes(packed.getvalue())
    with pytest.raises(InputError, match=r"is no file of torch\.save as it is"):
        read_state_dict(path)


def test_damaged_files(network, tmp_path):
    """Whatever byte is wrong, there is one line, or arrays."""
    path = tmp_path / "w.pt"
    torch.save({"fc.bias": network.fc.bias.detach()}, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data) // 2, len(data) + 1)])
        try:
            read_state_dict(path)
        except InputError as error:
            refused += "\n" not in str(error)
    assert refused > 50


def test_other_weights(network, tmp_path):
    state = network.state_dict() | {"fc.bias": torch.zeros(9)}
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"is of another network: fc.bias must be float32"):
        load_weights(network, tmp_path / "w.pt")
    torch.save({f"module.{k}": v for k, v in network.state_dict().items()}, tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"'bn1\.bias' is missing"):
        load_weights(network, tmp_path / "w.pt")
