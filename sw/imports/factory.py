"""A network from a function in the user's own Python file."""

from typing import Any

import torch
from torch import nn

from arch.errors import InputError
from sw.imported_network import ImportedNetwork, run_on_meta
from sw.imports.first_step import flatten_first
from sw.user_module import UserFactory, user_factory

__all__ = ["load_factory"]


def load_factory(
    source: str,
    *,
    in_shape: tuple[int, int, int],
    classes: int | None,
    seed: int,
    shapes_only: bool = False,
) -> ImportedNetwork:
    """The network that a function of the user's file makes; the file is executed.

    Parameters
    ----------
    source : str
        ``FILE.py:NAME``; the function is called without arguments, or with ``in_shape`` and
        ``classes`` if it has parameters of these names.
    in_shape : tuple of int
        Channels, height and width of an image. Features, (features, 1, 1), are ``(features,)`` for
        the function, and the network may take them as (n, features).
    classes : int or None
        Number of scores, if it is known.
    seed : int
        Decides the weights; torch's global generator is left as it was.
    shapes_only : bool
        Whether to make the weights on torch's meta device, without values.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be executed, or what the function gives is no network for such images;
        one line with the file, the line where there is one, and the reason.
    """
    factory = user_factory(source)
    shown = in_shape if in_shape[1:] != (1, 1) else in_shape[:1]
    offered: dict[str, Any] = {"in_shape": shown}
    if classes is not None:
        offered["classes"] = classes
    network = _checked(source, _made(factory, offered, seed, shapes_only))
    if in_shape[1:] == (1, 1) and not _takes(network, in_shape):
        network = flatten_first(network)
    return ImportedNetwork(
        module=network.eval(), in_shape=in_shape, classes=_scores(factory, network, in_shape)
    )


def _made(factory: UserFactory, offered: dict[str, Any], seed: int, shapes_only: bool) -> Any:
    if not shapes_only:
        return factory.call(random_seed=seed, **offered)
    try:
        with torch.device("meta"):
            return factory.call(random_seed=seed, **offered)
    except InputError:
        # What looks at its weights cannot be made without them.
        made = factory.call(random_seed=seed, **offered)
        return made.to("meta") if isinstance(made, nn.Module) else made


def _checked(source: str, network: Any) -> nn.Module:
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{source}: must give a torch.nn.Module, not {type(network).__name__}; return the "
            f"network itself"
        )
    for name, tensor in network.state_dict().items():
        if not isinstance(tensor, torch.Tensor) or tensor.device.type not in ("cpu", "meta"):
            raise InputError(f"{source}: {name} must be a tensor on the CPU")
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise InputError(f"{source}: {name} must be float32, not {tensor.dtype}")
    return network


def _takes(network: nn.Module, in_shape: tuple[int, ...]) -> bool:
    """Whether a network takes images of a shape."""
    try:
        _run(network, in_shape)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False
    return True


def _scores(factory: UserFactory, network: nn.Module, in_shape: tuple[int, ...]) -> int:
    """Number of scores, from one image."""
    with factory.running():
        scores = _run(network, in_shape)
    shape = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
    if not isinstance(scores, torch.Tensor) or scores.ndim != 2 or len(scores) != 1:
        raise InputError(
            f"{factory.source}: its network must give scores of shape (n, classes), not {shape}, "
            f"for images of shape (n, {', '.join(map(str, in_shape))})"
        )
    return int(scores.shape[1])


def _run(network: nn.Module, in_shape: tuple[int, ...]) -> Any:
    if any(tensor.is_meta for tensor in network.state_dict().values()):
        return run_on_meta(network, in_shape)
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            return network(torch.zeros(1, *in_shape))
    finally:
        network.train(training)
