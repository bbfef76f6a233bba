"""Reads the operations between layers from the nodes of a traced network."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from sw.pool_nodes import read_pool

__all__ = ["TracedOperation", "read_operation"]

_ADD = {operator.add, operator.iadd, torch.add, "add", "add_"}
_MEAN = {torch.mean, "mean"}


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedOperation:
    """An operation that the host computes, see :class:`arch.host.HostSpec`.

    Parameters
    ----------
    name : str
        The module that computes it, and its kind, as an identifier.
    kind : str
        One of :data:`arch.host.HOST_KINDS`.
    sources : tuple of str
        Names of what is read.
    relu : bool
        Whether a ReLU follows an addition.
    stride : tuple of int
        Vertical and horizontal stride of a shortcut or a kernel.
    channels_before : int
        Channels of zeros before the first of a shortcut.
    kernel, padding
        As of :class:`arch.host.HostSpec`.
    node : str
        The node of the traced graph whose value is the output.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    relu: bool = False
    stride: tuple[int, int] = (1, 1)
    channels_before: int = 0
    kernel: tuple[int, int] | None = None
    padding: tuple[int, int] = (0, 0)
    node: str


def read_operation(
    node: fx.Node,
    module: nn.Module | None,
    values: Mapping[fx.Node, str],
    steps: Mapping[str, Any],
) -> TracedOperation | None:
    """The operation that a node is, or None if it is something else.

    Parameters
    ----------
    module : Module or None
        What the node calls, if it calls a module.
    values : mapping
        Name of the step whose value a node is, of every node before.
    steps : mapping
        The steps before, by name. A node that pads the channels of a shortcut gives that shortcut
        again, with its channels.

    Raises
    ------
    :exc:`ValueError`
        If the node is such an operation in a form that cannot be mapped yet.
    """
    sources = tuple(values[source] for source in node.args if isinstance(source, fx.Node))
    if node.op != "call_module" and node.target in _ADD:
        if len(sources) != 2 or node.kwargs:
            raise ValueError(f"{node.name}: only two values of the network can be added")
        return _new(node, "add", sources, steps)
    pool = read_pool(node, module)
    if pool is not None:
        made = _new(node, pool.kind, sources[:1], steps)
        return replace(made, stride=pool.stride, kernel=pool.kernel, padding=pool.padding)
    if _is_average(node, module):
        return _new(node, "average_pool", sources[:1], steps)
    if node.op == "call_function" and node.target is operator.getitem:
        return replace(_new(node, "shortcut", sources, steps), stride=_stride(node))
    if node.op == "call_function" and node.target is F.pad:
        channels = _channels_before(node)
        before = _shortcut_before(node, values, steps)
        if before is not None:
            return replace(before, channels_before=channels, node=node.name)
        return replace(_new(node, "shortcut", sources, steps), channels_before=channels)
    return None


def _new(
    node: fx.Node, kind: str, sources: tuple[str, ...], steps: Mapping[str, Any]
) -> TracedOperation:
    stack = node.meta.get("nn_module_stack") or {"": None}
    # torch's own modules are on the stack themselves; a function is in the module that calls it.
    words = [*(word for word in next(reversed(stack)).split(".") if word), kind]
    name = plain = "_".join(words if words[0][:1].isalpha() else ["layer", *words])
    count = 1
    while name in steps:
        count += 1
        name = f"{plain}_{count}"
    return TracedOperation(name=name, kind=kind, sources=sources, node=node.name)


def _shortcut_before(
    node: fx.Node, values: Mapping[fx.Node, str], steps: Mapping[str, Any]
) -> TracedOperation | None:
    """The shortcut whose value ``node`` alone reads, if it is one that gives no channels yet."""
    (source,) = node.all_input_nodes
    before = steps.get(values[source])
    if not isinstance(before, TracedOperation) or before.kind != "shortcut":
        return None
    alone = before.node == source.name and len(source.users) == 1
    return before if alone and not before.channels_before else None


def _is_average(node: fx.Node, module: nn.Module | None) -> bool:
    """Whether a node is the average over height and width; raises if it averages otherwise."""
    if isinstance(module, nn.AdaptiveAvgPool2d):
        size: Any = module.output_size
    elif node.op == "call_function" and node.target is F.adaptive_avg_pool2d:
        size = _argument(node, 1, "output_size")
    elif node.op != "call_module" and node.target in _MEAN:
        axes = _argument(node, 1, "dim")
        pair = sorted(axis % 4 for axis in axes) if isinstance(axes, list | tuple) else None
        size = 1 if pair == [2, 3] else axes
    else:
        return False
    if size not in (1, (1, 1), [1, 1]):
        raise ValueError(f"{node.name}: an average must be over height and width, not {size}")
    return True


def _argument(node: fx.Node, place: int, name: str) -> Any:
    return node.args[place] if len(node.args) > place else node.kwargs.get(name)


def _stride(node: fx.Node) -> tuple[int, int]:
    index: Any = node.args[1]
    whole = slice(None)
    if (
        isinstance(index, tuple)
        and len(index) == 4
        and index[:2] == (whole, whole)
        and all(
            isinstance(part, slice)
            and part.start in (None, 0)
            and part.stop is None
            and (part.step is None or (isinstance(part.step, int) and part.step >= 1))
            for part in index[2:]
        )
    ):
        return (index[2].step or 1, index[3].step or 1)
    raise ValueError(f"{node.name}: only every n-th row and column can be taken, x[:, :, ::n, ::n]")


def _channels_before(node: fx.Node) -> int:
    sizes = _argument(node, 1, "pad")
    mode, value = _argument(node, 2, "mode"), _argument(node, 3, "value")
    if (
        isinstance(sizes, list | tuple)
        and len(sizes) == 6
        and not any(sizes[:4])
        and all(isinstance(size, int) and size >= 0 for size in sizes[4:])
        and mode in (None, "constant")
        and value in (None, 0, 0.0)
    ):
        return int(sizes[4])
    raise ValueError(f"{node.name}: only channels can be padded, with zeros, not {sizes}")
