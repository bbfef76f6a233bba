"""Train: from the data set to a dense float network and its accuracy."""

from arch.errors import InputError
from flow.json_file import write_json
from flow.sources import load_dataset, start_network, training_recipe
from flow.stage import Context
from sw.compute import pick_device
from sw.train import accuracy, train
from sw.weights import save_network

__all__ = ["ACCURACY", "WEIGHTS", "run"]

WEIGHTS = "network.safetensors"
"""The weights of the network."""
ACCURACY = "accuracy.json"
"""``accuracy`` on the test split, as a fraction, and the ``images`` of each split."""


def run(context: Context) -> None:
    """Write :data:`WEIGHTS` and :data:`ACCURACY`."""
    settings = context.configuration.train
    dataset = load_dataset(context.configuration)
    network = start_network(context.configuration, dataset)
    network.to(pick_device(context.configuration.device))

    def on_epoch(epoch: int, loss: float, validation: float) -> None:
        text = f"epoch {epoch}, loss {loss:.3f}, validation {100 * validation:.1f} %"
        context.progress(epoch, settings.epochs, text)

    train(
        network,
        dataset,
        epochs=settings.epochs,
        seed=context.configuration.seed,
        recipe=training_recipe(context.configuration),
        on_epoch=on_epoch,
    )
    network.cpu()
    reached = accuracy(network, dataset.test)
    context.output.mkdir()
    try:
        save_network(network, context.output / WEIGHTS)
    except ValueError as error:
        raise InputError(
            f"the trained network is of no use: {error}; lower train.learning_rate"
        ) from error
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    write_json(
        context.output / ACCURACY,
        {
            "accuracy": reached,
            "images": {name: len(split) for name, split in splits.items()},
        },
    )
