"""What is left of a layer after pruning, chosen anew to give the outputs that it gave before."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from sw.compute import device_of
from sw.conv_padding import conv_padding
from sw.graph import trace
from sw.reproducible import reproducible

__all__ = ["input_correlations", "reconstruct"]

_BATCH = 64
_IMAGES = 512
_DAMPING = 1e-2
"""Share of the mean power of the inputs that is added to the power of each: inputs that are nearly
the same would else get large weights of opposite signs."""


def input_correlations(network: nn.Module, images: np.ndarray) -> dict[str, torch.Tensor]:
    """How the inputs of every layer go together: the sum of the products of each two of them.

    Parameters
    ----------
    network : Module
        The dense network; it is run for inference.
    images : float32 array, shape (n, C, H, W)
        Training images; at most 512 of them, evenly spread, are used.

    Returns
    -------
    dict of float32 tensors, shape (groups, R / groups, R / groups)
        By layer name, rows as those of the weight matrix, over all images and output positions.
    """
    layers = trace(network)
    device = device_of(network)
    sums = {layer.name: torch.zeros((), device=device) for layer in layers}

    def collect(name: str, module: nn.Conv2d | nn.Linear, inputs: torch.Tensor) -> None:
        rows = _rows(module, inputs)
        sums[name] = sums[name] + rows.transpose(1, 2) @ rows

    hooks = [
        layer.module.register_forward_hook(
            lambda module, inputs, _output, name=layer.name: collect(name, module, inputs[0])
        )
        for layer in layers
    ]
    chosen = np.unique(np.linspace(0, len(images) - 1, min(len(images), _IMAGES)).astype(int))
    training = network.training
    network.eval()
    try:
        with reproducible(), torch.no_grad():
            for batch in torch.from_numpy(images[chosen]).split(_BATCH):
                network(batch.to(device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return sums


def reconstruct(
    network: nn.Module, masks: Mapping[str, torch.Tensor], correlations: Mapping[str, torch.Tensor]
) -> None:
    """Prune a network in place, and choose what is left so that every layer errs least.

    For each output the weights that stay solve a linear least-squares problem: with the inputs of
    the dense network, the output is to be what it was. So the pruning of convolutional networks is
    compensated layer by layer since He et al., "Channel Pruning for Accelerating Very Deep Neural
    Networks", ICCV 2017, section 3; for single weights it is what optimal brain compression solves
    (Frantar and Alistarh, NeurIPS 2022).

    Parameters
    ----------
    masks : mapping of float32 tensors
        By layer name, shaped as the weights: 1 where one stays, else 0.
    correlations : mapping of float32 tensors
        What :func:`input_correlations` returned for the dense network.
    """
    with reproducible(), torch.no_grad():
        for layer in trace(network):
            weight = layer.module.weight
            mask = masks[layer.name].reshape(len(weight), -1).to(weight.device)
            # The outputs of a group depend on its own inputs alone.
            groups = zip(
                weight.reshape(len(weight), -1).chunk(layer.groups),
                mask.chunk(layer.groups),
                correlations[layer.name],
                strict=True,
            )
            solved = [_solve(values, stay, products) for values, stay, products in groups]
            weight.copy_(torch.cat(solved).reshape(weight.shape))


def _solve(weight: torch.Tensor, mask: torch.Tensor, products: torch.Tensor) -> torch.Tensor:
    """The weights that stay, shape (C, R), 0 elsewhere."""
    damping = _DAMPING * products.diagonal().mean()
    damped = products + damping * torch.eye(len(products), device=products.device)
    wanted = weight @ damped
    found = torch.zeros_like(weight)
    # Outputs with the same mask share a matrix.
    patterns, which = torch.unique(mask, dim=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = pattern.nonzero()[:, 0]
        if not len(rows):
            continue
        outputs = (which == number).nonzero()[:, 0]
        factor = torch.linalg.cholesky(damped[rows][:, rows])
        values = torch.cholesky_solve(wanted[outputs][:, rows].T, factor)
        found[outputs[:, None], rows] = values.T
    return found


def _rows(module: nn.Conv2d | nn.Linear, inputs: torch.Tensor) -> torch.Tensor:
    """Inputs as each group's matrix is applied to them.

    Returns
    -------
    float32 tensor, shape (groups, images x positions, R / groups)
    """
    if isinstance(module, nn.Linear):
        return inputs[None]
    padding = conv_padding(module)
    if padding is None:
        raise ValueError(f"padding must be the same on opposite sides, not {module.padding!r}")
    columns = F.unfold(
        inputs,
        module.kernel_size,
        dilation=module.dilation,
        padding=padding,
        stride=module.stride,
    )
    return columns.transpose(1, 2).flatten(0, 1).unflatten(1, (module.groups, -1)).transpose(0, 1)
