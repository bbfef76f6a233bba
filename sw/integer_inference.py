"""Inference of an integer network in plain integer arithmetic.

Nothing here knows of crossbars, OUs or bit planes: a layer is one matrix product of integers and
one requantisation. It measures the accuracy of the integer network, and it is what the crossbar
model must equal whenever the ADC loses nothing.
"""

from collections.abc import Iterator

import numpy as np

from arch.fixed import ActFormat, requantise
from arch.layer import INPUT, LayerSpec
from sw.datasets import Split
from sw.integer_network import IntegerLayer, IntegerNetwork, encode_input

__all__ = ["accumulate", "accuracy", "run"]

_EXACT = 1 << 53
"""Every integer up to here in magnitude is a float64, so sums that stay below are exact."""
_CHUNK_BYTES = 1 << 25


def run(network: IntegerNetwork, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of every layer.

    Parameters
    ----------
    codes : int array, shape (n, C, H, W)
        Input codes, see :func:`sw.integer_network.encode_input`.

    Returns
    -------
    dict of int64 arrays, shape (n, C, H, W)
        By layer name; a ``linear`` layer has ``H == W == 1``.

    Raises
    ------
    :exc:`ValueError`
        If the codes have a wrong shape or do not fit the format of the input, or a layer is too
        large for exact arithmetic.
    """
    if codes.ndim != 4 or codes.shape[1:] != network.in_shape:
        raise ValueError(f"codes must have a shape (n, *{network.in_shape}), not {codes.shape}")
    values = {INPUT: np.asarray(codes, dtype=np.int64)}
    for layer in network.layers:
        spec = layer.spec
        acc = accumulate(layer, values[spec.source])
        outputs = requantise(acc, layer.multiplier, layer.shift, layer.bias, spec.output)
        values[spec.name] = outputs.transpose(0, 2, 1).reshape(-1, *spec.out_shape)
    del values[INPUT]
    return values


def accuracy(network: IntegerNetwork, split: Split) -> float:
    """Share of the images (0 to 1) whose first largest score is that of their class."""
    outputs = run(network, encode_input(network, split.images))
    scores = outputs[network.layers[-1].spec.name].reshape(len(split), -1)
    return float(np.mean(scores.argmax(axis=1) == split.labels))


def accumulate(layer: IntegerLayer, activations: np.ndarray) -> np.ndarray:
    """Accumulators of a layer before requantisation, exact.

    The product is taken in float64, where the library is fast. It is exact because every partial
    sum is an integer of magnitude ``rows * max |activation| * max |weight|`` at most, checked to be
    below ``2**53``, whatever the order of the sum.

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
    _check_exact(spec, act, int(np.abs(layer.weights.astype(np.int64)).max()))
    weights = layer.weights.astype(np.float64)
    parts = [_windows(part, spec) @ weights for part in _chunks(activations, spec)]
    return np.concatenate(parts).astype(np.int64)


def _check_exact(spec: LayerSpec, act: ActFormat, weight: int) -> None:
    if spec.rows * max(-act.minimum, act.maximum) * weight >= _EXACT:
        raise ValueError(f"layer {spec.name}: {spec.rows} rows are too many for exact sums")


def _chunks(activations: np.ndarray, spec: LayerSpec) -> Iterator[np.ndarray]:
    """Images in parts whose windows take a bounded amount of memory; at least one part."""
    size = max(1, _CHUNK_BYTES // (8 * spec.rows * spec.positions))
    for start in range(0, max(1, len(activations)), size):
        yield activations[start : start + size]


def _windows(activations: np.ndarray, spec: LayerSpec) -> np.ndarray:
    """The inputs of every output position, float64 of shape (n, positions, rows)."""
    if spec.kind == "linear":
        return activations.reshape(len(activations), 1, spec.rows).astype(np.float64)
    (pad_y, pad_x), (step_y, step_x) = spec.padding, spec.stride
    padded = np.pad(
        activations,
        ((0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x)),
        constant_values=spec.activation.zero_point,
    )
    (height, width), (kernel_y, kernel_x) = spec.out_shape[1:], spec.kernel
    taps = [
        padded[:, :, y : y + (height - 1) * step_y + 1 : step_y][
            :, :, :, x : x + (width - 1) * step_x + 1 : step_x
        ]
        for y in range(0, kernel_y * spec.dilation[0], spec.dilation[0])
        for x in range(0, kernel_x * spec.dilation[1], spec.dilation[1])
    ]
    stacked = np.stack(taps, axis=2)  # image, channel, tap, output row, output column
    flat = stacked.reshape(len(activations), spec.rows, spec.positions)
    return flat.transpose(0, 2, 1).astype(np.float64)
