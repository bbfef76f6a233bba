"""Pruning of whole segments, and fine-tuning of what is left."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from sw.batch_norm import reestimate_batch_norm
from sw.compute import device_of
from sw.datasets import Dataset
from sw.graph import LayerModule, trace
from sw.policy import Policy
from sw.reconstruct import reconstruct
from sw.segments import expand, keep_largest, norms
from sw.train import DEFAULT_RECIPE, OnEpoch, Recipe, train

__all__ = ["finetune", "kept_segments", "weight_masks"]


def kept_segments(network: nn.Module, policy: Policy, geometry: Geometry) -> dict[str, np.ndarray]:
    """Which segments of every layer stay: those of largest L2 norm.

    Parameters
    ----------
    network : Module
        Not changed.
    policy : Policy
        Sparsity structure and ratio by layer.
    geometry : Geometry
        Gives the size of a segment.

    Returns
    -------
    dict of bool arrays
        By layer name; shaped as :attr:`sw.integer_network.IntegerLayer.kept`.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the policy and the network name different layers.
    :exc:`ValueError`
        If a weight is not finite.
    """
    layers = trace(network)
    policy.check_layers(layer.name for layer in layers)
    kept = {}
    for layer in layers:
        matrix = _matrix(layer)
        try:
            values = norms(matrix, policy.scheme, geometry, groups=layer.groups)
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {error}") from error
        rows, cols = len(matrix) * layer.groups, matrix.shape[1]
        there = segment_mask(rows, cols, layer.groups, policy.scheme, geometry)
        kept[layer.name] = keep_largest(values, policy.ratios[layer.name], there=there)
    return kept


def weight_masks(
    network: nn.Module, kept: Mapping[str, np.ndarray], geometry: Geometry, *, scheme: str
) -> dict[str, torch.Tensor]:
    """Masks of the weights of every layer: 1 where the segment is kept, else 0.

    Returns
    -------
    dict of float32 tensors
        By layer name, shaped as the weights of the module.

    Raises
    ------
    :exc:`ValueError`
        If ``kept`` does not fit the network in this sparsity structure.
    """
    layers = trace(network)
    if set(kept) != {layer.name for layer in layers}:
        raise ValueError(
            f"kept segments must be given for {', '.join(layer.name for layer in layers)}, "
            f"not for {', '.join(kept)}"
        )
    masks = {}
    for layer in layers:
        groups = layer.groups
        cols, rows = len(layer.module.weight), layer.module.weight[0].numel() * groups
        try:
            mask = expand(kept[layer.name], rows, cols, scheme, geometry, groups=groups)
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {error}") from error
        values = torch.from_numpy(mask.T.astype(np.float32))
        masks[layer.name] = values.reshape(layer.module.weight.shape)
    return masks


def finetune(
    network: nn.Module,
    kept: Mapping[str, np.ndarray],
    dataset: Dataset,
    geometry: Geometry,
    *,
    scheme: str,
    epochs: int,
    seed: int,
    recipe: Recipe = DEFAULT_RECIPE,
    on_epoch: OnEpoch | None = None,
    calibration: np.ndarray | None = None,
    correlations: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Prune a network in place, train what is left, and take batch statistics anew.

    The mask is held: a pruned weight is zero before the first step and after every step.

    Parameters
    ----------
    kept : mapping of bool arrays
        What :func:`kept_segments` returned.
    scheme : str
        Sparsity structure of ``kept``.
    epochs : int
        0 prunes and re-estimates batch normalisation only.
    recipe : Recipe
        How a step is made; where it distils, the teacher is the network before it is pruned.
    seed, on_epoch
        As in :func:`sw.train.train`.
    calibration : float32 array, shape (n, C, H, W), optional
        Images for batch normalisation; those of the training split unless given.
    correlations : mapping of float32 tensors, optional
        Of the dense network, see :func:`sw.reconstruct.input_correlations`. If they are given, the
        weights that stay are chosen anew before they are trained.

    Raises
    ------
    :exc:`ValueError`
        If ``kept`` does not fit the network in this sparsity structure.
    """
    masks = weight_masks(network, kept, geometry, scheme=scheme)
    teacher = copy.deepcopy(network).eval() if recipe.distillation else None
    device = device_of(network)
    pairs = [(layer.module.weight, masks[layer.name].to(device)) for layer in trace(network)]

    def hold() -> None:
        with torch.no_grad():
            for weight, mask in pairs:
                weight.mul_(mask)

    if correlations is not None:
        reconstruct(network, masks, correlations)
    hold()
    train(
        network,
        dataset,
        epochs=epochs,
        seed=seed,
        recipe=recipe,
        teacher=teacher,
        on_epoch=on_epoch,
        after_step=hold,
    )
    images = dataset.train.images if calibration is None else calibration
    reestimate_batch_norm(network, images, recipe.precision)


def _matrix(layer: LayerModule) -> np.ndarray:
    """Weights as ``W[R / groups, C]``, rows in im2col order."""
    weight = layer.module.weight.detach().cpu().numpy()
    return weight.reshape(len(weight), -1).T
