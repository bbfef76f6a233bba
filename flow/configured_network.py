"""The network that a configuration names, for images of a given shape."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from arch.errors import InputError
from flow.configuration import Configuration
from sw.examine import examine, refusal
from sw.graph import check_trace
from sw.imported_network import ImportedNetwork
from sw.networks import build
from sw.normalise import normalisation

__all__ = ["configured_network", "unread_network"]


def configured_network(
    configuration: Configuration, in_shape: tuple[int, int, int], classes: int
) -> ImportedNetwork:
    """The network with the weights that it has by itself.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, takes other images, or has an operation that cannot be mapped;
        all of them are named.
    """
    network = _network(configuration, in_shape, classes, shapes_only=False)
    if configuration.model.kind != "builtin":
        try:
            found = examine(network.module, in_shape, on_host=configuration.model.on_host)
            if not found.refused:
                check_trace(network.module, in_shape)
        except ValueError as error:
            raise InputError(f"{_name(configuration)}: {error}") from error
        if found.refused:
            listed = refusal(found.refused)
            raise InputError(f"{_name(configuration)}: cannot be mapped: {listed}")
    return network


def unread_network(
    configuration: Configuration, data_shape: Callable[[], tuple[tuple[int, int, int], int]]
) -> ImportedNetwork:
    """The network on torch's meta device; no weight is read.

    Parameters
    ----------
    data_shape : callable
        Shape of an image and number of classes as the data say; called if nothing else says it.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, or takes other images.
    """
    model = configuration.model
    in_shape, classes = model.image_shape(), model.classes
    if model.kind == "onnx":
        from sw.imports import load_onnx  # Takes most of a second.

        network = load_onnx(Path(model.path or ""), shapes_only=True)
        return _finished(configuration, network, in_shape or network.in_shape)
    if in_shape is None or (classes is None and model.kind == "builtin"):
        try:
            found, of_data = data_shape()
        except InputError as error:
            told = "model.in_shape and model.classes stand in for data that are not there"
            raise InputError(f"{error}; {told}") from error
        in_shape, classes = in_shape or found, classes or of_data
    return _network(configuration, in_shape, classes, shapes_only=True)


def _network(
    configuration: Configuration,
    in_shape: tuple[int, int, int],
    classes: int | None,
    *,
    shapes_only: bool,
) -> ImportedNetwork:
    data, model = configuration.data, configuration.model
    if model.image_shape() not in (None, in_shape):
        raise InputError(f"model.in_shape is {model.in_shape}, but images are {list(in_shape)}")
    if model.classes is not None and classes not in (None, model.classes):
        raise InputError(f"model.classes is {model.classes}, but the data have {classes}")
    if model.kind == "builtin":
        _check_normalisation(configuration, in_shape)
        with torch.device("meta") if shapes_only else nullcontext():
            module = build(
                model.name,
                in_shape=in_shape,
                classes=classes or 0,
                seed=configuration.seed,
                mean=data.mean,
                std=data.std,
            )
        return ImportedNetwork(module=module, in_shape=in_shape, classes=classes or 0)
    from sw.imports import load_factory, load_onnx  # Takes most of a second.

    if model.kind == "onnx":
        network = load_onnx(Path(model.path or ""), shapes_only=shapes_only)
    else:
        network = load_factory(
            model.source or "",
            in_shape=in_shape,
            classes=classes,
            seed=configuration.seed,
            shapes_only=shapes_only,
        )
    return _finished(configuration, network, in_shape)


def _finished(
    configuration: Configuration, network: ImportedNetwork, in_shape: tuple[int, int, int]
) -> ImportedNetwork:
    """A network from elsewhere with its normalisation, if it takes such images."""
    data = configuration.data
    if network.in_shape != in_shape:
        raise InputError(
            f"{_name(configuration)}: takes images of {network.in_shape} (channels, height, "
            f"width), but images are {in_shape}"
        )
    _check_normalisation(configuration, in_shape)
    if data.mean is None and data.std is None:
        return network
    from sw.imports.first_step import normalise_first

    device = next(iter(network.module.state_dict().values())).device
    step = normalisation(data.mean, data.std).to(device)
    return replace(network, module=normalise_first(network.module, step))


def _name(configuration: Configuration) -> str:
    return str(configuration.model.source or configuration.model.path)


def _check_normalisation(configuration: Configuration, in_shape: tuple[int, int, int]) -> None:
    for name in ("mean", "std"):
        values = getattr(configuration.data, name)
        if values is not None and len(values) != in_shape[0]:
            raise InputError(
                f"data.{name} has {len(values)} numbers, but the images have {in_shape[0]} channels"
            )
