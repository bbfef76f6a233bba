"""Weights, kept segments and integer networks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from torch import nn

from arch.geometry import Geometry
from sw.integer_network import load_integer_network, save_integer_network
from sw.kept_file import load_kept, save_kept
from sw.networks import build
from sw.weights import load_network, load_weights, save_network
from tests.fuzz.subject import Files, Subject, files_of
from tests.sw.integer_layers import pooling_network, residual_network, small_network

__all__ = ["SUBJECTS"]


def _network() -> nn.Module:
    return build("resnet_tiny", in_shape=(3, 8, 8), classes=3, seed=0)


def _saved(directory: Path) -> Sequence[Files]:
    save_network(_network(), directory / "w.safetensors")
    return [files_of(directory)]


def _load_network() -> None:
    load_network(_network(), Path("w.safetensors"))


def _foreign(directory: Path) -> Sequence[Files]:
    """Weights as another program writes them, without a record of ours."""
    state = {name: tensor.numpy() for name, tensor in _network().state_dict().items()}
    data = safetensors.numpy.save(state, metadata={"format": "pt"})
    return [{"w.safetensors": data}, {"w.safetensors": safetensors.numpy.save(state)}]


def _of_torch(directory: Path) -> Sequence[Files]:
    """Weights as torch saves them, with pickle in a zip."""
    torch.save(_network().state_dict(), directory / "w.pt")
    return [files_of(directory)]


def _load_of_torch() -> None:
    load_weights(_network(), Path("w.pt"))


def _load_weights() -> None:
    load_weights(_network(), Path("w.safetensors"))


def _kept(directory: Path) -> Sequence[Files]:
    kept = {"conv": np.eye(5, 7, dtype=bool), "fc": np.ones((3, 4), bool)}
    save_kept(kept, directory / "k.safetensors", scheme="row_vector")
    return [files_of(directory)]


def _load_kept() -> None:
    load_kept(Path("k.safetensors"))


def _integers(directory: Path) -> Sequence[Files]:
    made = []
    for network in (small_network, residual_network, pooling_network):
        save_integer_network(network(Geometry()), directory / "n.safetensors")
        made.append(files_of(directory))
    return made


def _load_integers() -> None:
    load_integer_network(Path("n.safetensors"))


SUBJECTS = (
    Subject(name="weights of ours", originals=_saved, read=_load_network),
    Subject(name="weights of others", originals=_foreign, read=_load_weights, share=2),
    Subject(name="weights of torch", originals=_of_torch, read=_load_of_torch, share=2),
    Subject(name="kept segments", originals=_kept, read=_load_kept),
    Subject(name="integer network", originals=_integers, read=_load_integers, share=3),
)
