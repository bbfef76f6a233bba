"""Where a float network is computed, and how precisely."""

from contextlib import AbstractContextManager

import torch
from torch import nn

from arch.errors import ToolError

__all__ = ["DEVICES", "PRECISIONS", "device_of", "pick_device", "precision_of"]

DEVICES = ("auto", "cpu", "cuda")
"""Devices by name; ``auto`` is CUDA where there is one."""
PRECISIONS = ("float32", "bfloat16")
"""Number formats of products and sums in training; weights are always float32."""


def pick_device(name: str) -> torch.device:
    """The device that is meant by one of :data:`DEVICES`.

    Raises
    ------
    :exc:`ValueError`
        If there is no such name.
    :exc:`arch.errors.ToolError`
        If ``cuda`` is asked for and torch finds none.
    """
    if name not in DEVICES:
        raise ValueError(f"device must be {', '.join(DEVICES)}, not {name!r}")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ToolError("device cuda: torch finds no CUDA device; say device: cpu, or auto")
    return torch.device(name)


def device_of(network: nn.Module) -> torch.device:
    """Where the weights of a network are; the CPU if it has none."""
    first = next(network.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def precision_of(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """A context in which torch computes in one of :data:`PRECISIONS`.

    ``bfloat16`` is torch's automatic mixed precision: convolutions and products in bfloat16, which
    takes half the time on processors that have instructions for it, all else in float32.

    Raises
    ------
    :exc:`ValueError`
        If there is no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be {', '.join(PRECISIONS)}, not {precision!r}")
    mixed = precision == "bfloat16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed)
