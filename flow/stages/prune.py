"""Prune: from the dense network and the policy to kept segments and a fine-tuned network."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from torch import nn

from arch.errors import InputError
from flow.sources import finetuning_recipe, load_dataset, new_network
from flow.stage import Context
from flow.stages.search import TUNED
from flow.stages.train import WEIGHTS
from sw.compute import pick_device
from sw.datasets import Dataset, spread
from sw.kept_file import save_kept
from sw.policy import read_policy
from sw.prune import finetune, kept_segments
from sw.reconstruct import input_correlations
from sw.weights import load_network, save_network

__all__ = ["KEPT", "WEIGHTS", "run"]

KEPT = "kept.safetensors"
"""The kept segments of each layer, and their sparsity structure."""


def run(context: Context) -> None:
    """Write :data:`KEPT` and the fine-tuned :data:`WEIGHTS`.

    These are the dense ones if all is kept, and those that the search came to, unless its policy
    was edited: then it may be older than the dense network and the configuration are.
    """
    geometry = context.configuration.crossbar_geometry()
    dataset = load_dataset(context.configuration)
    network = new_network(context.configuration, dataset)
    load_network(network, context.inputs["train"] / WEIGHTS)
    policy = read_policy(context.inputs["search"])
    try:
        kept = kept_segments(network, policy, geometry)
    except InputError as error:
        raise InputError(f"{context.inputs['search']}: {error}") from error

    tuned = context.inputs["search.details"] / TUNED
    if all(mask.all() for mask in kept.values()):
        pass  # What loses nothing need not recover.
    elif tuned.is_file() and "search" not in context.edited:
        load_network(network, tuned)
    else:
        _finetune(context, network, dataset, kept, scheme=policy.scheme)
    context.output.mkdir()
    try:
        save_network(network, context.output / WEIGHTS)
    except ValueError as error:
        raise InputError(
            f"the pruned network is of no use: {error}; lower prune.learning_rate"
        ) from error
    save_kept(kept, context.output / KEPT, scheme=policy.scheme)


def _finetune(
    context: Context,
    network: nn.Module,
    dataset: Dataset,
    kept: Mapping[str, np.ndarray],
    *,
    scheme: str,
) -> None:
    configuration = context.configuration
    settings = configuration.prune

    def on_epoch(epoch: int, loss: float, validation: float) -> None:
        text = f"epoch {epoch}, loss {loss:.3f}, validation {100 * validation:.1f} %"
        context.progress(epoch, settings.finetune_epochs, text)

    network.to(pick_device(configuration.device))
    train = spread(dataset.train, settings.finetune_images)
    finetune(
        network,
        kept,
        replace(dataset, train=train),
        configuration.crossbar_geometry(),
        scheme=scheme,
        epochs=settings.finetune_epochs,
        seed=configuration.seed,
        recipe=finetuning_recipe(configuration),
        on_epoch=on_epoch,
        correlations=input_correlations(network, train.images) if settings.reconstruct else None,
    )
    network.cpu()
