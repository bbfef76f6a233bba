"""The data set and the network that a configuration names."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from torch import nn

from arch.errors import InputError
from flow.configuration import Configuration, DataSection
from flow.configured_network import configured_network, unread_network
from flow.host_head import behind_head, cut_head
from flow.search_section import SearchSection
from sw.datasets import (
    FILE_KINDS,
    Dataset,
    FileShares,
    image_shape,
    load_digits,
    load_files,
    load_photographs,
    load_python,
)
from sw.source_files import source_files, split_source
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
    """The data set as the hardware gets it, split by the seed.

    Where the host computes the beginning of the network (``model.on_host``), images are what it
    gives. The data set read last is kept, for the stages that follow.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a file is missing or wrong.
    """
    images = _images(configuration)
    if "head" not in configuration.model.on_host:
        return images
    network = configured_network(configuration, images.in_shape, images.classes).module
    _load_weights(configuration, network)
    head, _ = cut_head(network, images.in_shape)
    return images if head is None else behind_head(head, images)


def _images(configuration: Configuration) -> Dataset:
    """The data set as it is."""
    data = configuration.data
    if data.kind in SHIPPED:
        return SHIPPED[data.kind](seed=configuration.seed)
    paths = [path for path in (data.path, data.test_path) if path]
    if data.source is not None:
        paths += map(str, source_files(split_source(data.source)[0]))
    dataset = _files(
        data.model_dump_json(), configuration.seed, tuple(_stamp(path) for path in paths)
    )
    if dataset.in_shape[1:] == (1, 1) and configuration.train.variations != "none":
        raise InputError(
            f"train.variations must be none for data of features: {configuration.train.variations} "
            f"moves pixels"
        )
    return dataset


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
    shares = FileShares(
        validation=data.validation_share,
        test=data.test_share,
        validation_from=data.validation_from,
        train_limit=data.train_limit,
        test_limit=data.test_limit,
        value_range=data.value_range,
    )
    if data.kind == "python":
        path = Path(data.path) if data.path else None
        return load_python(data.source or "", path=path, seed=seed, shares=shares)
    return load_files(
        data.kind,
        Path(data.path or ""),
        test_path=Path(data.test_path) if data.test_path else None,
        seed=seed,
        shares=shares,
    )


def new_network(configuration: Configuration, dataset: Dataset) -> nn.Module:
    """The network with the weights that it has by itself: random ones, or those of its file.

    What of it the host computes before the hardware (:func:`load_dataset`) is left out.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, does not fit the data, or cannot be mapped.
    """
    return _rest(configuration, dataset, weights=False)


def start_network(configuration: Configuration, dataset: Dataset) -> nn.Module:
    """The network as training starts: with the weights of ``model.weights``, if it is given.

    Raises
    ------
    :exc:`arch.errors.InputError`
        As :func:`new_network`, or if the weights cannot be read or are of another network.
    """
    return _rest(configuration, dataset, weights=True).eval()


def _rest(configuration: Configuration, dataset: Dataset, *, weights: bool) -> nn.Module:
    """The network behind what the host computes first."""
    cut = "head" in configuration.model.on_host
    in_shape = _images(configuration).in_shape if cut else dataset.in_shape
    network = configured_network(configuration, in_shape, dataset.classes)
    if network.classes < dataset.classes:
        raise InputError(
            f"the network gives {network.classes} scores, but the data have {dataset.classes} "
            f"classes"
        )
    if weights:
        _load_weights(configuration, network.module)
    return cut_head(network.module, in_shape)[1] if cut else network.module


def _load_weights(configuration: Configuration, network: nn.Module) -> None:
    if configuration.model.weights is not None:
        load_weights(network, Path(configuration.model.weights))


def network_without_data(
    configuration: Configuration,
) -> tuple[nn.Module, tuple[int, int, int], int]:
    """The whole network on torch's meta device, the shape of an image, and the number of scores.

    Neither images nor weights are read: shapes are those of ``model.in_shape``, of an ONNX file, or
    of the beginning of the data.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, or nothing says the shape.
    """
    network = unread_network(configuration, lambda: _data_shape(configuration))
    return network.module, network.in_shape, network.classes


def _data_shape(configuration: Configuration) -> tuple[tuple[int, int, int], int]:
    """Shape of an image and number of classes; files are not decoded."""
    data = configuration.data
    if data.kind in FILE_KINDS:
        return image_shape(data.kind, Path(data.path or ""))
    dataset = _images(configuration)
    return dataset.in_shape, dataset.classes


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
