"""The data set and the network that a configuration names."""

from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from arch.errors import InputError
from flow.configuration import Configuration, DataSection
from flow.search_section import SearchSection
from sw.datasets import Dataset, FileShares, load_digits, load_files, load_photographs
from sw.imports import ImportedNetwork, load_factory, load_onnx
from sw.imports.first_step import normalise_first
from sw.networks import build
from sw.normalise import normalisation
from sw.train import Recipe
from sw.weights import load_weights

__all__ = [
    "SHIPPED",
    "finetuning_recipe",
    "load_dataset",
    "network_without_data",
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
    """The network with the weights that it has by itself: random ones, or those of its file.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, or does not fit the data.
    """
    network = _network(configuration, dataset.in_shape, dataset.classes)
    if network.classes < dataset.classes:
        raise InputError(
            f"the network gives {network.classes} scores, but the data have {dataset.classes} "
            f"classes"
        )
    return network.module


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


def network_without_data(
    configuration: Configuration,
) -> tuple[nn.Module, tuple[int, int, int], int]:
    """The network on torch's meta device, the shape of an image, and the number of scores.

    Neither images nor weights are read: shapes are those of ``model.in_shape``, of an ONNX file, or
    of the beginning of the data.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`new_network`, or if nothing says the shape.
    """
    model = configuration.model
    in_shape = model.image_shape()
    classes = None
    if model.kind == "onnx":
        in_shape = load_onnx(Path(model.path or ""), shapes_only=True).in_shape
    elif in_shape is None or model.kind == "builtin":
        dataset = load_dataset(configuration)
        in_shape, classes = dataset.in_shape, dataset.classes
    network = _network(configuration, in_shape, classes, shapes_only=True)
    return network.module, network.in_shape, network.classes


def _network(
    configuration: Configuration,
    in_shape: tuple[int, int, int],
    classes: int | None,
    *,
    shapes_only: bool = False,
) -> ImportedNetwork:
    """The network of a configuration, with its normalisation."""
    data, model = configuration.data, configuration.model
    if model.image_shape() not in (None, in_shape):
        raise InputError(f"model.in_shape is {model.in_shape}, but images are {list(in_shape)}")
    for name, values in (("mean", data.mean), ("std", data.std)):
        if values is not None and len(values) != in_shape[0]:
            raise InputError(
                f"data.{name} has {len(values)} numbers, but the images have {in_shape[0]} channels"
            )
    if model.kind == "builtin":
        if classes is None:
            raise InputError("the number of classes is not known without the data")
        with torch.device("meta") if shapes_only else nullcontext():
            module = build(
                model.name,
                in_shape=in_shape,
                classes=classes,
                seed=configuration.seed,
                mean=data.mean,
                std=data.std,
            )
        return ImportedNetwork(module=module, in_shape=in_shape, classes=classes)
    if model.kind == "onnx":
        made = load_onnx(Path(model.path or ""), shapes_only=shapes_only)
        if made.in_shape != in_shape:
            raise InputError(
                f"{model.path}: takes images of {made.in_shape} (channels, height, width), but "
                f"those of the data are {in_shape}"
            )
    else:
        made = load_factory(
            model.source or "",
            in_shape=in_shape,
            classes=classes,
            seed=configuration.seed,
            shapes_only=shapes_only,
        )
    if data.mean is not None or data.std is not None:
        normalise = normalisation(data.mean, data.std)
        device = "meta" if shapes_only else "cpu"
        made = replace(made, module=normalise_first(made.module, normalise.to(device)))
    return made


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
