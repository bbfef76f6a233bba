"""What a node of a traced graph computes: one name for module, function and method alike."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.utils._pytree import tree_leaves

from sw.normalise import Normalise

__all__ = ["Call", "pair", "read_call"]

_POOL = (("kernel_size", None), ("stride", None), ("padding", 0))
_AVERAGE = (*_POOL, ("ceil_mode", False), ("count_include_pad", True), ("divisor_override", None))
_MAXIMUM = (*_POOL, ("dilation", 1), ("ceil_mode", False), ("return_indices", False))
_AXES = (("dim", None), ("keepdim", False), ("dtype", None))

_OPTIONS: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "hardtanh": (("min_val", -1.0), ("max_val", 1.0)),
    "clamp": (("min", None), ("max", None)),
    "clamp_min": (("min", None),),
    "clamp_max": (("max", None),),
    "flatten": (("start_dim", 0), ("end_dim", -1)),
    "concat": (("dim", 0), ("axis", None)),
    "dropout": (("p", 0.5), ("training", True)),
    "average_pool": _AVERAGE,
    "max_pool": _MAXIMUM,
    "adaptive_average_pool": (("output_size", None),),
    "adaptive_max_pool": (("output_size", None), ("return_indices", False)),
    "mean": _AXES,
    "amax": _AXES[:2],
    "pad": (("pad", None), ("mode", "constant"), ("value", None)),
}
"""Options of an operation in the order of the arguments of torch's functions, with defaults."""

_MODULES: Mapping[type[nn.Module], str] = {
    nn.Conv2d: "conv2d",
    nn.Linear: "linear",
    nn.BatchNorm1d: "batch_norm",
    nn.BatchNorm2d: "batch_norm",
    Normalise: "normalise",
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.Hardtanh: "hardtanh",
    nn.Hardsigmoid: "hardsigmoid",
    nn.Identity: "identity",
    nn.Dropout: "dropout",
    nn.Dropout1d: "dropout",
    nn.Dropout2d: "dropout",
    nn.AlphaDropout: "dropout",
    nn.FeatureAlphaDropout: "dropout",
    nn.Flatten: "flatten",
    nn.Unflatten: "reshape",
    nn.AvgPool2d: "average_pool",
    nn.MaxPool2d: "max_pool",
    nn.AdaptiveAvgPool2d: "adaptive_average_pool",
    nn.AdaptiveMaxPool2d: "adaptive_max_pool",
    nn.ZeroPad2d: "pad",
}
_FUNCTIONS: Mapping[Any, str] = {
    **dict.fromkeys((torch.relu, torch.relu_, F.relu, F.relu_), "relu"),
    F.relu6: "relu6",
    **dict.fromkeys((F.hardtanh, F.hardtanh_), "hardtanh"),
    **dict.fromkeys((torch.clamp, torch.clamp_, torch.clip, torch.clip_), "clamp"),
    **dict.fromkeys((torch.clamp_min, torch.clamp_min_), "clamp_min"),
    **dict.fromkeys((torch.clamp_max, torch.clamp_max_), "clamp_max"),
    F.hardsigmoid: "hardsigmoid",
    **dict.fromkeys((F.dropout, F.dropout2d, F.dropout1d), "dropout"),
    torch.flatten: "flatten",
    **dict.fromkeys((torch.reshape, torch.squeeze, torch.unsqueeze), "reshape"),
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), "concat"),
    **dict.fromkeys((operator.add, operator.iadd, torch.add), "add"),
    **dict.fromkeys((operator.sub, operator.isub, torch.sub), "subtract"),
    **dict.fromkeys((operator.mul, operator.imul, torch.mul), "multiply"),
    **dict.fromkeys((operator.truediv, operator.itruediv, torch.div), "divide"),
    **dict.fromkeys((operator.neg, torch.neg), "negate"),
    F.avg_pool2d: "average_pool",
    **dict.fromkeys((F.max_pool2d, torch.max_pool2d), "max_pool"),
    F.adaptive_avg_pool2d: "adaptive_average_pool",
    F.adaptive_max_pool2d: "adaptive_max_pool",
    torch.mean: "mean",
    torch.amax: "amax",
    operator.getitem: "slice",
    F.pad: "pad",
}
_METHODS: Mapping[str, str] = {
    **dict.fromkeys(("relu", "relu_"), "relu"),
    **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), "clamp"),
    **dict.fromkeys(("clamp_min", "clamp_min_"), "clamp_min"),
    **dict.fromkeys(("clamp_max", "clamp_max_"), "clamp_max"),
    "flatten": "flatten",
    **dict.fromkeys(("view", "reshape", "squeeze", "unsqueeze", "unflatten"), "reshape"),
    **dict.fromkeys(("contiguous", "clone", "detach"), "identity"),
    **dict.fromkeys(("add", "add_"), "add"),
    **dict.fromkeys(("sub", "sub_"), "subtract"),
    **dict.fromkeys(("mul", "mul_"), "multiply"),
    **dict.fromkeys(("div", "div_"), "divide"),
    "neg": "negate",
    "mean": "mean",
    "amax": "amax",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One node.

    Parameters
    ----------
    kind : str
        What it computes; ``other`` if it is nothing that is known here.
    text : str
        The same for people: ``Conv2d 3x3, stride 2``.
    inputs : tuple of Node
        Values of the network that it reads, in order; a value that is read twice is there twice.
    options : mapping
        What it is given besides, by the names of torch; a Conv2d's are in ``module``.
    arguments : tuple
        What it is given by place.
    module : Module or None
        What the node calls, if it calls a module.
    """

    kind: str
    text: str
    inputs: tuple[fx.Node, ...]
    options: Mapping[str, Any]
    arguments: tuple[Any, ...]
    module: nn.Module | None


def read_call(node: fx.Node, module: nn.Module | None) -> Call:
    """What a node computes.

    Parameters
    ----------
    module : Module or None
        What the node calls, if it calls a module.
    """
    if module is not None:
        kind = _MODULES.get(type(module), "other")
        names = _OPTIONS.get(kind, ())
        options = {name: getattr(module, name) for name, _ in names if hasattr(module, name)}
        if kind == "pad":
            options = {"pad": module.padding, "mode": "constant", "value": 0}
    else:
        method = node.op == "call_method"
        kind = (
            _METHODS.get(str(node.target)) if method else _FUNCTIONS.get(node.target)
        ) or "other"
        names = _OPTIONS.get(kind, ())
        given = dict(zip((name for name, _ in names), node.args[1:], strict=False))
        options = dict(names) | given | dict(node.kwargs)
    return Call(
        kind=kind,
        text=_text(node, module),
        inputs=tuple(_nodes((node.args, node.kwargs))),
        options=options,
        arguments=tuple(node.args),
        module=module,
    )


def pair(sizes: Any) -> tuple[int, int]:
    """One size, or one each, as two."""
    if isinstance(sizes, int):
        return (sizes, sizes)
    down, across = sizes if len(sizes) == 2 else (*sizes, *sizes)
    return (int(down), int(across))


def _nodes(arguments: Any) -> list[fx.Node]:
    leaves = tree_leaves(arguments)
    return [leaf for leaf in leaves if isinstance(leaf, fx.Node)]


def _text(node: fx.Node, module: nn.Module | None) -> str:
    if module is None:
        target = node.target
        return target if isinstance(target, str) else getattr(target, "__name__", str(target))
    words = [type(module).__name__]
    if isinstance(module, nn.Conv2d):
        words[0] += f" {module.kernel_size[0]}x{module.kernel_size[1]}"
        for name, usual in (("stride", (1, 1)), ("dilation", (1, 1)), ("groups", 1)):
            value = getattr(module, name)
            if value != usual:
                same = isinstance(value, tuple) and len(set(value)) == 1
                words.append(f"{name} {value[0] if same else value}")
    elif isinstance(module, nn.Linear):
        words[0] += f" {module.in_features} to {module.out_features}"
    elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        kernel = pair(module.kernel_size)
        words[0] += f" {kernel[0]}x{kernel[1]}"
    return ", ".join(words)
