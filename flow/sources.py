"""The data set and the network that a configuration names."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from torch import nn

from arch.errors import InputError
from flow.configuration import Configuration, DataSection
from flow.search_section import SearchSection
from sw.datasets import Dataset, FileShares, load_digits, load_files, load_photographs
from sw.networks import build
from sw.train import Recipe
from sw.weights import load_weights

__all__ = [
    "SHIPPED",
    "finetuning_recipe",
    "load_dataset",
    "new_network",
    "short_recipe",
    "start_network",
    "training_recipe",
]

SHIPPED = {"digits": load_digits, "photographs": load_photographs}
"""Data sets that come with scikit-learn, by kind."""


def load_dataset(configuration: Configuration) -> Dataset:
    """The data set, split by the seed; the one read last is kept, for the stages that follow.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing or wrong.
    """
    data = configuration.data
    if data.kind in SHIPPED:
        return SHIPPED[data.kind](seed=configuration.seed)
    stamps = tuple(_stamp(path) for path in (data.path, data.test_path) if path)
    return _files(data.model_dump_json(), configuration.seed, stamps)


def _stamp(path: str) -> tuple[str, int, int]:
    """What changes when a file is written anew."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read: {reason}") from error
    return (str(Path(path).absolute()), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _files(section: str, seed: int, stamps: tuple[tuple[str, int, int], ...]) -> Dataset:
    """The data set of a section in JSON; decoding takes seconds and every stage needs it."""
    data = DataSection.model_validate_json(section)
    return load_files(
        data.kind,
        Path(data.path or ""),
        test_path=Path(data.test_path) if data.test_path else None,
        seed=seed,
        shares=FileShares(
            validation=data.validation_share,
            test=data.test_share,
            validation_from=data.validation_from,
            train_limit=data.train_limit,
            test_limit=data.test_limit,
        ),
    )


def new_network(configuration: Configuration, dataset: Dataset) -> nn.Module:
    """The network with random weights, as the seed gives them.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the normalisation is of another number of channels than the images.
    """
    data, channels = configuration.data, dataset.in_shape[0]
    for name, values in (("mean", data.mean), ("std", data.std)):
        if values is not None and len(values) != channels:
            raise InputError(
                f"data.{name} has {len(values)} numbers, but the images have {channels} channels"
            )
    return build(
        configuration.model.name,
        in_shape=dataset.in_shape,
        classes=dataset.classes,
        seed=configuration.seed,
        mean=data.mean,
        std=data.std,
    )


def start_network(configuration: Configuration, dataset: Dataset) -> nn.Module:
    """The network as training starts: with the weights of ``model.weights``, if it is given.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`new_network`, or if the weights cannot be read or are of another network.
    """
    network = new_network(configuration, dataset)
    if configuration.model.weights is not None:
        load_weights(network, Path(configuration.model.weights))
    return network.eval()


def training_recipe(configuration: Configuration) -> Recipe:
    """How the dense network is trained."""
    return Recipe(**configuration.train.model_dump(exclude={"epochs"}))


def finetuning_recipe(configuration: Configuration) -> Recipe:
    """How the whole fine-tuning is done, of finalists and of the policy that is carried out."""
    return replace(
        training_recipe(configuration),
        learning_rate=configuration.prune.learning_rate,
        distillation=configuration.prune.distillation,
    )


def short_recipe(configuration: Configuration, settings: SearchSection) -> Recipe:
    """How the short fine-tuning is done before a policy is judged in the search."""
    recipe = finetuning_recipe(configuration)
    return replace(
        recipe,
        batch_size=settings.finetune_batch_size or recipe.batch_size,
        learning_rate=settings.finetune_learning_rate or recipe.learning_rate,
    )
