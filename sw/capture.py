"""The computation of a network as a graph of torch.fx, with the shape of every value in it."""

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves, tree_map_only

from sw.in_place import follow_changes
from sw.normalise import Normalise

__all__ = ["BATCH", "Captured", "capture", "graph_of", "identifier"]

BATCH = 2
"""Images whose shapes are followed: not one, so that a reshape that mixes images is seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Captured:
    """A network's computation.

    Parameters
    ----------
    module : GraphModule
        Its nodes in execution order, without those whose value nobody reads.
    shapes : dict of Node to tuple of int
        Shape, batch included, of every value that is computed from the input and is a tensor.
    constants : dict of Node to tensor
        Values that follow from parameters and buffers alone.
    numbers : set of Node
        Nodes whose value is no tensor: sizes, and what is computed from them.
    failures : dict of Node to str
        What torch says of nodes that cannot be computed.
    """

    module: fx.GraphModule
    shapes: dict[fx.Node, tuple[int, ...]]
    constants: dict[fx.Node, torch.Tensor]
    numbers: set[fx.Node]
    failures: dict[fx.Node, str]

    def readers(self, node: fx.Node) -> list[fx.Node]:
        """The nodes that read the value of ``node`` and not only its size."""
        return [user for user in node.users if user not in self.numbers]


def capture(network: nn.Module, in_shape: Sequence[int]) -> Captured:
    """Trace a network, and follow the shapes of a batch through it; nothing is computed.

    Parameters
    ----------
    network : Module
        On any device, torch's ``meta`` among them; not changed.
    in_shape : sequence of int
        Channels, height and width of an image.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be traced.
    """
    module = graph_of(network)
    shapes = _Shapes(module, in_shape)
    with _inference(network):
        for node in module.graph.nodes:
            shapes.follow(node)
    return Captured(
        module=module,
        shapes=shapes.found,
        constants=shapes.constants,
        numbers=shapes.numbers,
        failures=shapes.failures,
    )


def graph_of(network: nn.Module) -> fx.GraphModule:
    """The traced computation of a network for inference, without what nobody reads.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be traced, or changes in place what is read under two names.
    """
    try:
        with _inference(network):
            module = _traced(network)
    # Tracing runs the code of the network, which may raise anything.
    except Exception as error:
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise ValueError(
            f"the network cannot be traced: {first[0]}; its forward must not decide anything by "
            "the values or sizes of tensors"
        ) from error
    follow_changes(module)
    module.graph.eliminate_dead_code()
    return module


@contextmanager
def _inference(network: nn.Module) -> Iterator[None]:
    """Functions such as dropout are traced with the mode that they are called in."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def identifier(target: str) -> str:
    """A dotted name as an identifier."""
    name = "".join(char if char.isalnum() else "_" for char in target)
    return name if name[:1].isalpha() else f"layer_{name}"


def _traced(network: nn.Module) -> fx.GraphModule:
    tracer = _Tracer()
    if isinstance(network, fx.GraphModule):
        called = [str(node.target) for node in network.graph.nodes if node.op == "call_module"]
        if all(tracer.is_leaf_module(network.get_submodule(name), name) for name in called):
            # Traced already; tracing it again would change names.
            graph = fx.Graph()
            graph.output(graph.graph_copy(network.graph, {}))
            return fx.GraphModule(network, graph)
    root = copy.copy(network)  # the tracer hangs constants on what it traces
    return fx.GraphModule(root, tracer.trace(root))


class _Tracer(fx.Tracer):
    """Leaves the normalisation whole, as it does torch's own modules."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Normalise) or super().is_leaf_module(m, module_qualified_name)


class _Shapes(fx.Interpreter):
    """Computes every node on tensors that have a shape and no values."""

    def __init__(self, module: fx.GraphModule, in_shape: Sequence[int]) -> None:
        super().__init__(module)
        self.image = torch.empty(BATCH, *in_shape, device="meta")
        self.found: dict[fx.Node, tuple[int, ...]] = {}
        self.constants: dict[fx.Node, torch.Tensor] = {}
        self.numbers: set[fx.Node] = set()
        self.failures: dict[fx.Node, str] = {}

    def follow(self, node: fx.Node) -> None:
        """Compute one node; those before it have been."""
        if node.op == "output" or any(n not in self.env for n in node.all_input_nodes):
            return
        try:
            with torch.no_grad(), warnings.catch_warnings(action="ignore"):
                value = self.image if node.op == "placeholder" else self.run_node(node)
        # torch raises what it likes where shapes do not fit.
        except Exception as error:
            first = str(error).strip().splitlines()[:1] or [type(error).__name__]
            self.failures[node] = first[0]
            return
        self.env[node] = value
        tensors = [v for v in tree_leaves(value) if isinstance(v, torch.Tensor)]
        if not tensors:
            self.numbers.add(node)
        elif node.op == "get_attr" or (
            node.op != "placeholder"
            and all(n in self.constants or n in self.numbers for n in node.all_input_nodes)
        ):
            self.constants[node] = tensors[0]
        else:
            self.found[node] = tuple(tensors[0].shape)

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        module = self.fetch_attr(target)
        if not any(isinstance(a, torch.Tensor) and a.is_meta for a in args):
            return super().call_module(target, args, kwargs)
        state = {
            name: torch.empty_like(tensor, device="meta")
            for name, tensor in chain(module.named_parameters(), module.named_buffers())
        }
        return torch.func.functional_call(module, state, args, kwargs)

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        return super().call_function(target, *_on_one_device(args, kwargs))

    def call_method(self, target: Any, args: Any, kwargs: Any) -> Any:
        return super().call_method(target, *_on_one_device(args, kwargs))


def _on_one_device(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Constants have values; beside a tensor without, they lose them."""
    leaves = tree_leaves((args, kwargs))
    if not any(isinstance(leaf, torch.Tensor) and leaf.is_meta for leaf in leaves):
        return args, kwargs
    return tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), (args, kwargs))
