"""Names of layers, as close as an ONNX file allows to those that the network had.

An exporter writes the weights of a module ``layer1.0.conv1`` as ``layer1.0.conv1.weight``, unless
it changed them; the node is then still called ``/layer1/layer1.0/conv1/Conv``, or says in its
metadata which module it comes from.
"""

import ast
import keyword
import re
from collections.abc import Set

import onnx
from torch import nn

__all__ = ["Names", "module_path"]

_PART = re.compile(r"[A-Za-z0-9_]{1,40}")
_SCOPES = "pkg.torch.onnx.name_scopes"
_TAKEN = frozenset(dir(nn.Module())) | {"_graph", "graph", "code", "meta", "recompile"}
_LENGTH_MAX = 56


def module_path(node: onnx.NodeProto, *, weights: bool) -> str:
    """Dotted path of the module that a node comes from; empty if it names none.

    Parameters
    ----------
    weights : bool
        Whether the second input is weights, whose name may tell.
    """
    if weights and len(node.input) > 1 and node.input[1].endswith(".weight"):
        path = node.input[1].removesuffix(".weight")
        if _valid(path):
            return path
    for entry in node.metadata_props:
        if entry.key == _SCOPES and (path := _from_scopes(entry.value)):
            return path
    if node.name.startswith("/"):
        parts: list[str] = []
        for part in node.name.split("/")[1:-1]:
            if parts and part.startswith(f"{parts[-1]}."):
                parts[-1] = part
            else:
                parts.append(part)
        path = ".".join(parts)
        return path if _valid(path) else ""
    return ""


def _from_scopes(text: str) -> str:
    """The innermost module of a list of scopes, the last of which is the operator."""
    try:
        scopes = ast.literal_eval(text[:4096])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    if isinstance(scopes, list) and len(scopes) > 1 and isinstance(scopes[-2], str):
        return scopes[-2] if _valid(scopes[-2]) else ""
    return ""


def _valid(path: str) -> bool:
    return len(path) <= _LENGTH_MAX and all(_PART.fullmatch(part) for part in path.split("."))


class Names:
    """Gives every module a path of its own."""

    def __init__(self) -> None:
        self._leaves: set[str] = set()
        self._inner: set[str] = set()
        self._counts: dict[str, int] = {}

    def new(self, wanted: str, node: onnx.NodeProto) -> str:
        """``wanted`` if it is free, or else something like it, or like the name of the node.

        A part of the path that is a module already, which can hold no other, is numbered too.
        """
        if not wanted:
            words = re.sub(r"\W+", "_", node.name, flags=re.ASCII).strip("_")[:_LENGTH_MAX]
            wanted = words.lower() or node.op_type.lower()
        *above, last = map(_allowed, wanted.split("."))
        path = ""
        for part in above:
            path = self._numbered(f"{path}{part}", self._leaves)
            self._inner.add(path)
            path += "."
        path = self._numbered(f"{path}{last}", self._leaves, self._inner)
        self._leaves.add(path)
        return path

    def within(self, scope: str, node: onnx.NodeProto) -> str:
        """A path for what has no weights: ``scope`` if nothing else is there, or a name in it.

        A module that is called again is numbered, as it cannot be within itself.
        """
        if self.is_free(scope) or ".".join(map(_allowed, scope.split("."))) in self._leaves:
            return self.new(scope, node)
        own = re.sub(r"\W+", "_", node.name.rpartition("/")[2], flags=re.ASCII).strip("_").lower()
        own = own[:_LENGTH_MAX] or node.op_type.lower()
        return self.new(f"{scope}.{own}" if scope else own, node)

    def is_free(self, scope: str) -> bool:
        """Whether ``scope`` is the path of a module, and nothing has it or is within it."""
        return bool(scope) and self._free(".".join(map(_allowed, scope.split("."))))

    def _numbered(self, path: str, *taken: Set[str]) -> str:
        """``path``, with a number if it is taken."""
        plain = path
        while any(path in paths for paths in taken):
            self._counts[plain] = self._counts.get(plain, 1) + 1
            path = f"{plain}_{self._counts[plain]}"
        return path

    def _free(self, path: str) -> bool:
        pieces = path.split(".")
        above = (".".join(pieces[:depth]) for depth in range(1, len(pieces)))
        return (
            path not in self._leaves
            and path not in self._inner
            and not any(piece in self._leaves for piece in above)
        )


def _allowed(part: str) -> str:
    """A name that an attribute of a module can have."""
    return f"{part}_" if keyword.iskeyword(part) or part in _TAKEN else part
