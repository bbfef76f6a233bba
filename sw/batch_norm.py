"""Batch normalisation: its statistics taken anew, and folded into the weights before it."""

import numpy as np
import torch
from torch import nn

from sw.compute import device_of, precision_of
from sw.graph import TracedLayer
from sw.reproducible import reproducible

__all__ = ["fold", "reestimate_batch_norm"]

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
    network.train()
    try:
        with reproducible(), torch.no_grad(), precision_of(device, precision):
            for batch in batches:
                network(batch.to(device))
    finally:
        network.train(training)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def fold(layer: TracedLayer) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of a layer with its batch normalisation folded in.

    Returns
    -------
    weights : float64 array, shape (R, C)
        Rows in im2col order: channel, then kernel row, then kernel column.
    bias : float64 array, shape (C,)

    Raises
    ------
    :exc:`ValueError`
        If a value is not finite.
    """
    module, norm = layer.module, layer.batch_norm
    weights = _float64(module.weight).reshape(len(module.weight), -1).T
    bias = np.zeros(weights.shape[1]) if module.bias is None else _float64(module.bias)
    if norm is not None:
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError(f"layer {layer.name}: batch normalisation keeps no statistics to fold")
        scale = 1 / np.sqrt(_float64(norm.running_var) + norm.eps)
        if norm.affine:
            scale = scale * _float64(norm.weight)
        weights = weights * scale
        bias = (bias - _float64(norm.running_mean)) * scale
        if norm.affine:
            bias = bias + _float64(norm.bias)
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError(f"layer {layer.name}: weights must be finite, not NaN or infinite")
    return weights, bias


def _float64(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)
