"""Inference of an integer network in plain integer arithmetic.

Nothing here knows of crossbars, OUs or bit planes: a layer is one matrix product of integers and
one requantisation. It measures the accuracy of the integer network, and it is what the crossbar
model must equal whenever the ADC loses nothing.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from arch.fixed import requantise
from arch.group_layout import side_by_side
from arch.host import HostSpec
from arch.layer import INPUT, LayerSpec
from sw.datasets import Split
from sw.host_arithmetic import operate
from sw.host_split import compute
from sw.integer_network import IntegerLayer, IntegerNetwork, encode_input
from sw.reproducible import reproducible

__all__ = ["accumulate", "accuracy", "run", "scores_of"]

_EXACT = 1 << 53
"""Every integer up to here in magnitude is a float64, so sums that stay below are exact."""
_EXACT_FLOAT32 = 1 << 24
"""Likewise for float32."""
_CHUNK_BYTES = 1 << 25
_IMAGES = 250


def run(network: IntegerNetwork, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of every layer and of every host operation.

    Parameters
    ----------
    codes : int array, shape (n, C, H, W)
        Input codes, see :func:`sw.integer_network.encode_input`.

    Returns
    -------
    dict of int64 arrays, shape (n, C, H, W)
        By name, in the order in which they run; a ``linear`` layer has ``H == W == 1``.

    Raises
    ------
    :exc:`ValueError`
        If the codes have a wrong shape or do not fit the format of the input, or a layer is too
        large for exact arithmetic.
    """
    if codes.ndim != 4 or codes.shape[1:] != network.in_shape:
        raise ValueError(f"codes must have a shape (n, *{network.in_shape}), not {codes.shape}")
    values = {INPUT: np.asarray(codes, dtype=np.int64)}
    for spec in network.steps:
        if isinstance(spec, HostSpec):
            values[spec.name] = operate(spec, [values[source] for source in spec.sources])
            continue
        layer = network.layer(spec.name)
        acc = accumulate(layer, values[spec.source])
        outputs = requantise(acc, layer.multiplier, layer.shift, layer.bias, spec.output)
        values[spec.name] = outputs.transpose(0, 2, 1).reshape(-1, *spec.out_shape)
    del values[INPUT]
    return values


def accuracy(network: IntegerNetwork, split: Split, tail: nn.Module | None = None) -> float:
    """Share of the images (0 to 1) whose first largest score is that of their class.

    Parameters
    ----------
    tail : Module, optional
        What the host computes of the scores, see :func:`scores_of`.
    """
    last = network.layers[-1].spec.name
    right = 0
    for start in range(0, len(split), _IMAGES):  # the outputs of all layers are held at once
        codes = encode_input(network, split.images[start : start + _IMAGES])
        scores = scores_of(network, run(network, codes)[last], tail)
        right += int(np.sum(scores.argmax(axis=1) == split.labels[start : start + _IMAGES]))
    return right / len(split)


def scores_of(
    network: IntegerNetwork, outputs: np.ndarray, tail: nn.Module | None = None
) -> np.ndarray:
    """Class scores of what the last layer gave.

    Parameters
    ----------
    outputs : int array, shape (n, C, H, W)
    tail : Module, optional
        What the host computes of them in float, as :func:`sw.host_split.split_network` gives it.

    Returns
    -------
    int or float32 array, shape (n, classes)
        The outputs themselves without a tail.

    Raises
    ------
    :exc:`ValueError`
        If there is a tail, but nothing says what a step of the outputs is worth.
    """
    if tail is None:
        return outputs.reshape(len(outputs), -1)
    if network.output_scale is None:
        raise ValueError("the network was quantised without a tail: it has no output_scale")
    zero = network.layers[-1].spec.output.zero_point
    values = (outputs - zero).astype(np.float64) * network.output_scale
    return compute(tail, values.astype(np.float32)).reshape(len(outputs), -1)


def accumulate(layer: IntegerLayer, activations: np.ndarray) -> np.ndarray:
    """Accumulators of a layer before requantisation, exact.

    The product is taken in floats, where the library is fast. It is exact because every partial
    sum, in any order, is an integer of magnitude ``max |activation| * max over columns of the sum
    of |weight|`` at most. Where that is no more than ``2**24``, float32 holds them all; else it is
    checked to be no more than ``2**53``, for float64.

    Parameters
    ----------
    activations : int array, shape (n, C, H, W)

    Returns
    -------
    int64 array, shape (n, positions, cols)

    Raises
    ------
    :exc:`ValueError`
        If an activation does not fit its format, or the bound is exceeded.
    """
    spec, act = layer.spec, layer.spec.activation
    if activations.size and (activations.min() < act.minimum or activations.max() > act.maximum):
        raise ValueError(
            f"layer {spec.name}: activations must be {act.minimum} to {act.maximum}, "
            f"not {activations.min()} to {activations.max()}"
        )
    column = int(np.abs(layer.weights.astype(np.int64)).sum(axis=0).max())
    bound = column * max(-act.minimum, act.maximum)
    if bound > _EXACT:
        raise ValueError(f"layer {spec.name}: {spec.rows} rows are too many for exact sums")
    dtype = np.float32 if bound <= _EXACT_FLOAT32 else np.float64
    blocks = np.ascontiguousarray(side_by_side(layer.weights, spec.groups).T, dtype=dtype)
    # Each group's outputs are products with its own rows alone.
    weights = torch.from_numpy(blocks).reshape(spec.groups, -1, blocks.shape[1])
    with reproducible():
        parts = [
            torch.matmul(weights, _windows(torch.from_numpy(part.astype(dtype)), spec))
            .reshape(len(part), spec.cols, spec.positions)
            .numpy()
            for part in _chunks(activations, spec)
        ]
    return np.concatenate(parts).astype(np.int64).transpose(0, 2, 1)


def _chunks(activations: np.ndarray, spec: LayerSpec) -> Iterator[np.ndarray]:
    """Images in parts whose windows take a bounded amount of memory; at least one part."""
    size = max(1, _CHUNK_BYTES // (8 * spec.rows * spec.positions))
    for start in range(0, max(1, len(activations)), size):
        yield activations[start : start + size]


def _windows(activations: torch.Tensor, spec: LayerSpec) -> torch.Tensor:
    """The inputs of every output position, shape (n, groups, rows of a group, positions)."""
    if spec.kind == "linear":
        return activations.reshape(len(activations), 1, spec.rows, 1)
    down, across = spec.padding
    zero = float(spec.activation.zero_point)
    padded = F.pad(activations, (across, across, down, down), value=zero)
    windows = F.unfold(padded, spec.kernel, dilation=spec.dilation, stride=spec.stride)
    return windows.reshape(len(windows), spec.groups, spec.rows // spec.groups, spec.positions)
