"""Batch normalisation: its statistics taken anew, and folded into the weights before it."""

import numpy as np
import torch
from torch import nn

from arch.group_layout import block_rows
from sw.compute import device_of, precision_of
from sw.reproducible import reproducible
from sw.traced import Affine, Norm, TracedLayer

__all__ = ["fold", "reestimate_batch_norm", "scale_and_offset"]

_BATCH = 128
_IMAGES = 4096


def reestimate_batch_norm(
    network: nn.Module, images: np.ndarray, precision: str = "float32"
) -> None:
    """Replace the running statistics of every batch normalisation by those of given images.

    Pruning changes what a layer sees, and a running average remembers the network of earlier steps.
    At most 4,096 images, evenly spread, pass once, in fixed order and without variations; every
    batch counts alike.

    Parameters
    ----------
    images : float32 array, shape (n, C, H, W)
        Training images; at least two.
    precision : str
        One of :data:`sw.compute.PRECISIONS`.
    """
    if len(images) < 2:
        raise ValueError(f"batch normalisation needs at least two images, not {len(images)}")
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), _IMAGES)).astype(int))
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    training, device = network.training, device_of(network)
    batches = torch.from_numpy(images[chosen]).tensor_split(-(-len(chosen) // _BATCH))
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's way to say: average over all batches
    # Alone: dropout stays as it is in the network that the statistics are for.
    network.eval()
    for norm in norms:
        norm.train()
    try:
        with reproducible(), torch.no_grad(), precision_of(device, precision):
            for batch in batches:
                network(batch.to(device))
    finally:
        network.train(training)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def fold(layer: TracedLayer) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of a layer with all that is folded into them.

    Returns
    -------
    weights : float64 array, shape (R / groups, C)
        The blocks of the groups side by side, see :func:`arch.group_layout.block_rows`; of one
        group that is the weight matrix. Rows in im2col order: channel, kernel row, kernel column.
    bias : float64 array, shape (C,)

    Raises
    ------
    :exc:`ValueError`
        If a value is not finite.
    """
    weights, bias = _weights(layer)
    rows, cols = len(weights) * layer.groups, weights.shape[1]
    if layer.before:
        scale, offset = _composed(layer.before, rows)
        where = block_rows(rows, cols, layer.groups)
        bias = bias + (weights * offset[where]).sum(axis=0)
        weights = weights * scale[where]
    for transform in layer.after:
        if isinstance(transform, Affine):
            scale, offset = scale_and_offset(transform)
            weights, bias = weights * scale, bias * scale + offset
        else:
            weights, bias = _after_norm(weights, bias, transform)
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError(f"layer {layer.name}: weights must be finite, not NaN or infinite")
    return weights, bias


def scale_and_offset(transform: Norm | Affine) -> tuple[np.ndarray, np.ndarray]:
    """What a transform multiplies and adds: float64 arrays of one value, or one a channel.

    Raises
    ------
    :exc:`ValueError`
        If a batch normalisation keeps no statistics.
    """
    if isinstance(transform, Affine):
        scale, offset = (
            _float64(v) if isinstance(v, torch.Tensor) else np.array([v])
            for v in (transform.scale, transform.offset)
        )
        return scale, offset
    one, zero = np.ones(transform.num_features), np.zeros(transform.num_features)
    scale, offset = _after_norm(one[None], zero, transform)
    return scale[0], offset


def _composed(transforms: tuple[Norm | Affine, ...], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Transforms one after the other, for ``count`` inputs in the order of their channels."""
    scale, offset = np.ones(count), np.zeros(count)
    for transform in transforms:
        factor, addend = (v.repeat(count // len(v)) for v in scale_and_offset(transform))
        scale, offset = scale * factor, offset * factor + addend
    return scale, offset


def _weights(layer: TracedLayer) -> tuple[np.ndarray, np.ndarray]:
    module = layer.module
    if module is None:
        return np.ones((1, layer.out_shape[0])), np.zeros(layer.out_shape[0])
    weights = _float64(module.weight).reshape(len(module.weight), -1).T
    return weights, np.zeros(weights.shape[1]) if module.bias is None else _float64(module.bias)


def _after_norm(weights: np.ndarray, bias: np.ndarray, norm: Norm) -> tuple[np.ndarray, np.ndarray]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("batch normalisation keeps no statistics to fold")
    scale = 1 / np.sqrt(_float64(norm.running_var) + norm.eps)
    if norm.affine:
        scale = scale * _float64(norm.weight)
    weights = weights * scale
    bias = (bias - _float64(norm.running_mean)) * scale
    if norm.affine:
        bias = bias + _float64(norm.bias)
    return weights, bias


def _float64(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)
