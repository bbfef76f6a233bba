"""Prune: from the dense network and the policy to kept segments and a fine-tuned network."""

from arch.errors import InputError
from flow.sources import finetuning_recipe, load_dataset, new_network
from flow.stage import Context
from flow.stages.train import WEIGHTS
from sw.compute import pick_device
from sw.kept_file import save_kept
from sw.policy import read_policy
from sw.prune import finetune, kept_segments
from sw.weights import load_network, save_network

__all__ = ["KEPT", "WEIGHTS", "run"]

KEPT = "kept.safetensors"
"""The kept segments of each layer, and their sparsity structure."""


def run(context: Context) -> None:
    """Write :data:`KEPT` and the fine-tuned :data:`WEIGHTS`; the dense ones if all is kept."""
    epochs = context.configuration.prune.finetune_epochs
    geometry = context.configuration.crossbar_geometry()
    dataset = load_dataset(context.configuration)
    network = new_network(context.configuration, dataset)
    load_network(network, context.inputs["train"] / WEIGHTS)
    policy = read_policy(context.inputs["search"])
    try:
        kept = kept_segments(network, policy, geometry)
    except InputError as error:
        raise InputError(f"{context.inputs['search']}: {error}") from error

    def on_epoch(epoch: int, loss: float, validation: float) -> None:
        text = f"epoch {epoch}, loss {loss:.3f}, validation {100 * validation:.1f} %"
        context.progress(epoch, epochs, text)

    if not all(mask.all() for mask in kept.values()):  # What loses nothing need not recover.
        network.to(pick_device(context.configuration.device))
        finetune(
            network,
            kept,
            dataset,
            geometry,
            scheme=policy.scheme,
            epochs=epochs,
            seed=context.configuration.seed,
            recipe=finetuning_recipe(context.configuration),
            on_epoch=on_epoch,
        )
        network.cpu()
    context.output.mkdir()
    try:
        save_network(network, context.output / WEIGHTS)
    except ValueError as error:
        raise InputError(
            f"the pruned network is of no use: {error}; lower prune.learning_rate"
        ) from error
    save_kept(kept, context.output / KEPT, scheme=policy.scheme)
