"""Builds a torch network from the nodes of an ONNX file, one after the other."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import onnx
import torch
from torch import fx, nn

from arch.errors import InputError
from sw.imports.onnx_constants import attributes_of, compute_constant, image_values
from sw.imports.onnx_file import OnnxFile
from sw.imports.onnx_names import Names, module_path
from sw.imports.stored_tensor import StoredTensor

__all__ = ["Build", "Converter", "Loader", "RefusedNodeError"]

Loader = Callable[[], torch.Tensor]
"""Gives a weight when it is asked for."""
_CONSTANTS_MAX = 1 << 22
_WEIGHTED = ("Conv", "Gemm", "MatMul", "BatchNormalization")


class RefusedNodeError(Exception):
    """A node cannot be had in torch, or not exactly; the message says why."""


class Build:
    """A network that grows by a node of the file at a time.

    Modules are made on torch's meta device, so that shapes are known and no weight is read. What
    each weight will be stands in ``weights``.

    Parameters
    ----------
    file : OnnxFile
        The file.
    """

    def __init__(self, file: OnnxFile) -> None:
        self.file = file
        self.constants = dict(file.tensors)
        self.values = image_values(file)
        nodes = [node for node in file.nodes if self.values.intersection(node.output)]
        self.graph = fx.Graph()
        self.modules: dict[str, nn.Module] = {}
        self.weights: dict[str, Loader] = {}
        self.not_negative: set[str] = set()
        self.buffers: dict[str, StoredTensor] = {}
        self.padded: dict[str, tuple[str, tuple[int, int, int, int]]] = {}
        self.uses = Counter(name for node in nodes for name in node.input)
        self.uses[file.output] += 1
        self._readers = {name: node.op_type for node in nodes for name in node.input}
        self._values: dict[str, fx.Node] = {}
        self._meta: dict[fx.Node, torch.Tensor] = {}
        self._folded = 0
        self._names = Names()
        self._paths: dict[str, str] = {}
        for node in nodes:
            if node.op_type in _WEIGHTED and node.output:
                wanted = module_path(node, weights=True)
                self._paths[node.output[0]] = self._names.new(wanted, node)

    def start(self) -> None:
        """Enter the input of the network; features get their shape back."""
        shape = self.file.shapes[self.file.input]
        images = self.graph.placeholder("images")
        self._meta[images] = torch.empty(
            *shape, *([1, 1] if len(shape) == 2 else []), device="meta"
        )
        if len(shape) == 2:
            images = self._call(torch.flatten, images, 1)
        self._values[self.file.input] = images

    def finish(self) -> tuple[fx.GraphModule, int]:
        """The network, and its number of scores.

        Raises
        ------
        RefusedNodeError
            If the output is no row of scores.
        """
        node = self._values[self.file.output]
        shape = tuple(self._meta[node].shape)
        if len(shape) == 4 and shape[2:] == (1, 1):
            node = self._call(torch.flatten, node, 1)
        elif len(shape) != 2:
            raise RefusedNodeError(f"the output has the shape {shape}, but must be (n, classes)")
        self.graph.output(node)
        for unread in reversed([n for n in self.graph.nodes if n.op == "call_function"]):
            if not unread.users:
                self.graph.erase_node(unread)
        buffers = {n: torch.empty(t.shape, device="meta") for n, t in self.buffers.items()}
        self.weights |= {name: tensor.load for name, tensor in self.buffers.items()}
        return fx.GraphModule(self.modules | buffers, self.graph, "ImportedOnnx"), shape[1]

    def fold(self, node: onnx.NodeProto) -> None:
        """Enter a node that does not depend on the image, but perhaps on its shape."""
        shapes = {name: self.shape(name) for name in node.input if name in self._values}
        made = compute_constant(self.file, node, self.constants, shapes)
        self._folded += 0 if made.value is None else made.value.size
        if self._folded > _CONSTANTS_MAX:
            raise InputError(f"{self.file.path}: computes with too many constants")
        self.constants[node.output[0]] = made

    def attributes(self, node: onnx.NodeProto) -> dict[str, Any]:
        """Attributes of a node by name."""
        return attributes_of(node)

    def known(self, name: str) -> bool:
        """Whether ``name`` is a value that was computed."""
        return name in self._values

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a value, for one image; raises RefusedNodeError if a node before was refused."""
        return tuple(self._meta[self.value(name)].shape)

    def value(self, name: str) -> fx.Node:
        """The node of the graph that gives a value."""
        if name in self.constants:
            raise RefusedNodeError(f"{name!r} is a constant where a value of the network must be")
        return self._values[name]

    def constant(self, node: onnx.NodeProto, place: int) -> StoredTensor | None:
        """The constant that a node reads at ``place``; None if it reads nothing there."""
        name = node.input[place] if len(node.input) > place else ""
        if not name:
            return None
        if name not in self.constants:
            raise RefusedNodeError(f"its input {place} must be a constant")
        return self.constants[name]

    def numbers(self, node: onnx.NodeProto, place: int) -> list[Any] | None:
        """A small constant as a list of numbers; None if there is none."""
        tensor = self.constant(node, place)
        if tensor is None:
            return None
        if tensor.value is None:
            raise RefusedNodeError(f"its input {place} is too large")
        return list(tensor.value.reshape(-1).tolist())

    def is_plain(self, name: str) -> bool:
        """Whether one node alone reads a value."""
        return self.uses[name] == 1

    def follower(self, name: str) -> str:
        """The operator that reads a value, if one alone does; else nothing."""
        return self._readers.get(name, "") if self.is_plain(name) else ""

    def layer_of(self, name: str) -> tuple[str, nn.Module] | None:
        """The module with weights whose output ``name`` is, with its path."""
        target = str(self._values[name].target) if name in self._values else ""
        module = self.modules.get(target)
        return (target, module) if isinstance(module, nn.Conv2d | nn.Linear) else None

    def path(self, node: onnx.NodeProto) -> str:
        """The path of the module that a node with weights becomes."""
        return self._paths[node.output[0]]

    def module(
        self,
        node: onnx.NodeProto,
        made: nn.Module,
        source: str,
        weights: Mapping[str, Loader] | None = None,
    ) -> None:
        """Enter a module of one input for a node.

        Parameters
        ----------
        made : Module
            On the meta device.
        source : str
            What it reads.
        weights : mapping of Loader, optional
            By the name in the module.
        """
        if weights is None:
            path = self._names.within(module_path(node, weights=False), node)
        else:
            path = self.path(node)
            self.weights |= {f"{path}.{key}": value for key, value in weights.items()}
        self.modules[path] = made
        read = self.value(source)
        with torch.no_grad():
            meta = self._try(lambda: made.eval()(self._meta[read]))
        made.train()
        self._enter(node, self.graph.call_module(path, (read,)), meta)

    def function(
        self, node: onnx.NodeProto, function: Callable[..., Any], *arguments: Any, **options: Any
    ) -> None:
        """Enter a call of a function; arguments that are values are their fx nodes."""
        made = self._call(function, *arguments, named=node, **options)
        self._enter(node, made, self._meta[made])

    def module_or_function(
        self,
        node: onnx.NodeProto,
        made: nn.Module,
        source: str,
        function: Callable[..., Any],
        *arguments: Any,
    ) -> None:
        """Enter a module if the file says that it was one, else the function that does the same.

        So what it computes gets the name that it would have got from the network itself.
        """
        if self._names.is_free(module_path(node, weights=False)):
            self.module(node, made, source)
        else:
            self.function(node, function, self.value(source), *arguments)

    def number(self, tensor: StoredTensor) -> fx.Node:
        """The node of a constant that is computed with; it becomes a buffer of the network."""
        name = f"constant_{len(self.buffers)}"
        self.buffers[name] = tensor
        with torch.device("meta"):
            meta = torch.empty(tensor.shape)
        made = self.graph.get_attr(name)
        self._meta[made] = meta
        return made

    def same(self, node: onnx.NodeProto, source: str) -> None:
        """A node that changes nothing."""
        self._values[node.output[0]] = self.value(source)
        if source in self.not_negative:
            self.not_negative.add(node.output[0])

    def arithmetic(self, node: onnx.NodeProto, function: Callable[[Any, Any], Any]) -> None:
        """Enter a function of two values, one of which may be a constant."""
        parts = [
            self.number(self.constants[name]) if name in self.constants else self.value(name)
            for name in node.input
        ]
        self.function(node, function, *parts)

    def _call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        named: onnx.NodeProto | None = None,
        **options: Any,
    ) -> fx.Node:
        def meta_of(argument: Any) -> Any:
            if isinstance(argument, fx.Node):
                return self._meta[argument]
            if isinstance(argument, list) and any(isinstance(a, fx.Node) for a in argument):
                return [meta_of(part) for part in argument]
            return argument

        meta = self._try(lambda: function(*map(meta_of, arguments), **options))
        name = named.name.rpartition("/")[2] if named is not None else None
        made = self.graph.create_node(
            "call_function", function, arguments, options, name=name or None
        )
        scope = module_path(named, weights=False) if named is not None else ""
        made.meta["nn_module_stack"] = {scope: (scope, None)}
        self._meta[made] = meta
        return made

    def _try(self, compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        try:
            return compute()
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            reason = str(error).partition("\n")[0]
            raise RefusedNodeError(f"torch cannot compute it: {reason:.200}") from error

    def _enter(self, node: onnx.NodeProto, made: fx.Node, meta: torch.Tensor) -> None:
        name = node.output[0]
        self._meta[made] = meta
        expected = self.file.shapes.get(name)
        if expected is not None and tuple(meta.shape) != expected:
            raise RefusedNodeError(
                f"torch gives the shape {tuple(meta.shape)} where ONNX gives {expected}"
            )
        self._values[name] = made


Converter = Callable[[Build, onnx.NodeProto], None]
"""Enters what a node is; raises RefusedNodeError if it cannot."""
