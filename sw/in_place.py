"""Operations that change what they read: ``x += y``, ``x.relu_()``, ``ReLU(inplace=True)``.

In a graph each node is one value. So whoever reads the changed value later must read the node that
changed it, as torch does, and not the node before.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import fx, nn

from sw.node_calls import read_call

__all__ = ["follow_changes"]

_MAY_SHARE = ("identity", "dropout", "flatten", "reshape", "slice", "other")
"""Kinds of calls whose value may be the memory of what they read; of others it is new."""
_OPERATORS = ("iadd", "isub", "imul", "itruediv")


def follow_changes(module: fx.GraphModule) -> None:
    """Let every node that reads a changed value read what changed it; the graph is changed.

    Raises
    ------
    :exc:`ValueError`
        If another node may share the memory of a changed value and is read behind the change, or
        ``out=`` is given; the message says which.
    """
    modules = dict(module.named_modules())
    order = {node: place for place, node in enumerate(module.graph.nodes)}
    root: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        called = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(node.kwargs.get("out"), fx.Node):
            raise ValueError(f"{node.name} writes with out=; take what it returns instead")
        source = _read(node)
        changes = source is not None and _changes(node, called)
        shares = changes or (
            node.op.startswith("call") and read_call(node, called).kind in _MAY_SHARE
        )
        root[node] = root[source] if source is not None and shares else node
        if source is None or not changes:
            continue
        for reader in _readers_behind(source, node, order):
            reader.replace_input_with(source, node)
        for other in (n for n, of in root.items() if of is root[node] and n is not node):
            if late := _readers_behind(other, node, order):
                raise ValueError(
                    f"{node.name} changes in place what {late[0].name} reads as {other.name}; "
                    f"let it give a new value"
                )


def _readers_behind(value: fx.Node, change: fx.Node, order: Mapping[fx.Node, int]) -> list[fx.Node]:
    return [reader for reader in value.users if order[reader] > order[change]]


def _read(node: fx.Node) -> fx.Node | None:
    """The first value that a node reads."""
    read = node.args[0] if node.args else node.kwargs.get("input")
    return read if isinstance(read, fx.Node) else None


def _changes(node: fx.Node, called: nn.Module | None) -> bool:
    if called is not None:
        return bool(getattr(called, "inplace", False))
    if node.op == "call_method":
        return _is_changing(str(node.target))
    if node.op != "call_function":
        return False
    name = str(getattr(node.target, "__name__", ""))
    return name in _OPERATORS or _is_changing(name) or bool(_options(node).get("inplace"))


def _is_changing(name: str) -> bool:
    return name.endswith("_") and not name.endswith("__")


def _options(node: fx.Node) -> dict[str, Any]:
    """What a function is given, by name as far as Python knows its names."""
    try:
        target: Any = node.target
        return dict(inspect.signature(target).bind(*node.args, **node.kwargs).arguments)
    except (TypeError, ValueError):
        return dict(node.kwargs)
