"""Weights of a float network in a file."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from arch.errors import InputError
from sw.state_dict_file import read_state_dict
from sw.tensor_file import read_any_tensors, read_tensors, write_tensors

__all__ = ["load_network", "load_weights", "save_network"]

_KIND = "network weights"


def save_network(network: nn.Module, path: Path) -> None:
    """Write weights and batch statistics of a network.

    The structure is not written: :func:`load_network` takes a network that was built alike.

    Raises
    ------
    :exc:`ValueError`
        If a value is not finite.
    """
    arrays = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, not NaN or infinite")
    write_tensors(path, arrays, kind=_KIND, content={})


def load_network(network: nn.Module, path: Path) -> None:
    """Read what :func:`save_network` wrote into a network of the same structure, in place.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is damaged, or is of another network; nothing is changed then.
    """
    _, arrays = read_tensors(path, kind=_KIND)
    _load(network, arrays, path)


def load_weights(network: nn.Module, path: Path) -> None:
    """Read weights that another program saved into a network, in place.

    The file is safetensors, or a state dict of torch if it is called ``.pt`` or ``.pth``. The names
    are those of the network's ``state_dict``; counters of batches may be left out.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`load_network`.
    """
    is_torch = path.suffix.lower() in (".pt", ".pth")
    arrays = dict(read_state_dict(path) if is_torch else read_any_tensors(path))
    for name, tensor in network.state_dict().items():
        if name.endswith(".num_batches_tracked"):
            arrays.setdefault(name, tensor.cpu().numpy())
    _load(network, arrays, path)


def _load(network: nn.Module, arrays: dict[str, np.ndarray], path: Path) -> None:
    state = network.state_dict()
    if different := sorted(set(arrays) ^ set(state)):
        what = "is missing" if different[0] in state else "has no place in this one"
        raise InputError(f"{path}: is of another network: {different[0]!r} {what}")
    for name, array in arrays.items():
        expected = state[name].cpu().numpy()
        if (array.shape, array.dtype) != (expected.shape, expected.dtype):
            raise InputError(
                f"{path}: is of another network: {name} must be {expected.dtype} of shape "
                f"{expected.shape}, not {array.dtype} of {array.shape}"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} must be finite, not NaN or infinite")
        if name.endswith(".running_var") and (array < 0).any():
            raise InputError(f"{path}: {name} must be variances of at least 0, not {array.min()}")
    network.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()})
