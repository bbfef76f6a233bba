"""Scales, offsets and limits, as they are written in torch."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn

from arch.layer import INPUT
from sw.node_calls import Call
from sw.normalise import Normalise
from sw.refusals import RefusedError
from sw.traced import Affine, Clamp, Norm, TracedLayer, TracedOperation

__all__ = ["affine_of", "affine_of_normalise", "bounds", "clamp_of", "moved_limits"]


def clamp_of(call: Call) -> Clamp:
    """The limits that a ReLU or a clamp sets.

    Raises
    ------
    RefusedError
        If a limit is not a number, or they are not in order.
    """
    options = call.options
    if call.kind in ("relu", "relu6"):
        return Clamp(low=0.0, high=math.inf if call.kind == "relu" else 6.0)
    names = ("min_val", "max_val") if call.kind == "hardtanh" else ("min", "max")
    low, high = (options.get(name) for name in names)
    low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise RefusedError("limits must be numbers, not values of the network")
    try:
        return Clamp(low=float(low), high=float(high))
    except ValueError as error:
        raise RefusedError(str(error)) from error


def affine_of(
    call: Call, shape: tuple[int, ...], constants: Mapping[fx.Node, torch.Tensor]
) -> Norm | Normalise | Affine:
    """The scale and the offset of a batch normalisation, or of arithmetic with constants.

    Parameters
    ----------
    shape : tuple of int
        Of what it reads, without the batch.

    Raises
    ------
    RefusedError
        If a batch normalisation keeps no statistics, or a constant is not one a channel.
    """
    if isinstance(call.module, nn.BatchNorm1d | nn.BatchNorm2d):
        if call.module.running_mean is None:
            raise RefusedError("keeps no statistics to fold: leave track_running_stats at True")
        return call.module
    if isinstance(call.module, Normalise):
        return call.module
    if not call.arguments:
        raise RefusedError("write it with what it reads first: torch.add(x, y)")
    first, *rest = call.arguments
    read_first = isinstance(first, fx.Node) and first not in constants
    other = (rest[0] if rest else None) if read_first else first
    if call.kind == "negate":
        return Affine(scale=-1.0)
    number = _constant(other, shape, constants)
    if call.kind == "add":
        return Affine(offset=number)
    if call.kind == "subtract":
        return Affine(offset=-number) if read_first else Affine(scale=-1.0, offset=number)
    if call.kind == "multiply":
        return Affine(scale=number)
    if read_first and not call.options.get("rounding_mode"):
        if not torch.as_tensor(number).all():
            raise RefusedError("divides by zero")
        return Affine(scale=1 / number)
    raise RefusedError("a constant divided by a value has no step")


def _constant(
    given: Any, shape: tuple[int, ...], constants: Mapping[fx.Node, torch.Tensor]
) -> torch.Tensor | float:
    """A number, or one a channel, that is added or multiplied."""
    if isinstance(given, int | float) and math.isfinite(given):
        return float(given)
    tensor = constants.get(given) if isinstance(given, fx.Node) else given
    if isinstance(tensor, torch.Tensor):
        sizes = list(tensor.shape)
        while len(sizes) > len(shape) and sizes[0] == 1:
            sizes = sizes[1:]
        if tensor.numel() == 1 or sizes == [shape[0], *(1 for _ in shape[1:])]:
            return tensor.detach().reshape(-1)
    raise RefusedError("only a number, or one number a channel, can be added or multiplied")


def affine_of_normalise(module: Normalise) -> Affine:
    """The normalisation of pixels as one scale and one offset a channel."""
    return Affine(
        scale=1 / module.std.reshape(-1), offset=-module.mean.reshape(-1) / module.std.reshape(-1)
    )


def moved_limits(limits: Clamp, transform: Norm | Affine) -> Clamp | None:
    """Limits of a layer when ``transform`` follows; None if no two numbers are the limits then."""
    if not limits.limits:
        return limits
    if not isinstance(transform, Affine):
        return None
    scale, offset = transform.scale, transform.offset
    if isinstance(scale, torch.Tensor) or isinstance(offset, torch.Tensor) or scale <= 0:
        return None
    return limits.scaled(scale, offset)


def bounds(name: str, steps: Mapping[str, TracedLayer | TracedOperation]) -> Clamp:
    """Limits that the values of a step are known to have."""
    if name == INPUT or name not in steps:
        return Clamp()
    step = steps[name]
    if isinstance(step, TracedLayer) or step.kind == "add":
        return step.clamp
    source = bounds(step.sources[0], steps)
    if step.kind != "max_pool":  # zeros come from around the map, or as new channels
        source = Clamp(low=min(source.low, 0.0), high=max(source.high, 0.0))
    return source.then(step.clamp)
