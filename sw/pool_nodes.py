"""Reads pooling with a kernel from the nodes of a traced network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import fx, nn

__all__ = ["Pool", "read_pool"]

_MODULES = {nn.AvgPool2d: "average_pool", nn.MaxPool2d: "max_pool"}
_FUNCTIONS: dict[Any, str] = {F.avg_pool2d: "average_pool", F.max_pool2d: "max_pool"}
_OPTIONS = {
    "average_pool": (
        *("kernel_size", "stride", "padding"),
        *("ceil_mode", "count_include_pad", "divisor_override"),
    ),
    "max_pool": ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
}
"""Options of torch's functions, in the order of their arguments."""
_DEFAULTS = {
    "stride": None,
    "padding": 0,
    "dilation": 1,
    "ceil_mode": False,
    "count_include_pad": True,
    "divisor_override": None,
    "return_indices": False,
}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pooling with a kernel, see :class:`arch.host.HostSpec`."""

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


def read_pool(node: fx.Node, module: nn.Module | None) -> Pool | None:
    """The pooling that a node is, or None if it is something else.

    Parameters
    ----------
    module : Module or None
        What the node calls, if it calls a module.

    Raises
    ------
    :exc:`ValueError`
        If it pools in a way that cannot be mapped.
    """
    if module is not None:
        kind = _MODULES.get(type(module))
        if kind is None:
            return None
        options = {name: getattr(module, name) for name in _OPTIONS[kind]}
    else:
        kind = _FUNCTIONS.get(node.target) if node.op == "call_function" else None
        if kind is None:
            return None
        given = dict(zip(_OPTIONS[kind], node.args[1:], strict=False))
        options = _DEFAULTS | given | {k: v for k, v in node.kwargs.items() if k != "input"}
    _check(node, options)
    kernel = _pair(options["kernel_size"])
    # An empty stride is the kernel, as None is.
    stride = _pair(options["stride"]) if options["stride"] else kernel
    return Pool(kind=kind, kernel=kernel, stride=stride, padding=_pair(options["padding"]))


def _check(node: fx.Node, options: Mapping[str, Any]) -> None:
    wrong = {
        "ceil_mode must be false": options.get("ceil_mode"),
        "dilation must be 1": _pair(options.get("dilation", 1)) != (1, 1),
        "return_indices must be false": options.get("return_indices"),
        "divisor_override must be left out": options.get("divisor_override") is not None,
        "count_include_pad must be true": not options.get("count_include_pad", True)
        and _pair(options["padding"]) != (0, 0),
    }
    for rule, broken in wrong.items():
        if broken:
            raise ValueError(f"{node.name}: {rule} for a pool to be mapped")


def _pair(sizes: Any) -> tuple[int, int]:
    """One size, or one each, as two."""
    if isinstance(sizes, int):
        return (sizes, sizes)
    down, across = sizes if len(sizes) == 2 else (*sizes, *sizes)
    return (int(down), int(across))
