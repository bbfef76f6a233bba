"""Reads the nodes of a traced network, one after the other, into layers and operations."""

from collections.abc import Callable, Mapping

from torch import fx, nn

from arch.layer import INPUT
from sw.capture import Captured
from sw.fold_nodes import read_affine, read_arithmetic, read_clamp, read_hardsigmoid, read_same
from sw.node_calls import Call
from sw.operation_nodes import (
    read_add,
    read_concat,
    read_layer,
    read_pad,
    read_pooling,
    read_slice,
)
from sw.partial_graph import Judgement, PartialGraph, path_of
from sw.pool_nodes import POOLS
from sw.refusals import RefusedError, refusal
from sw.traced import TracedLayer

__all__ = ["NodeReader", "place_of"]

_READERS: Mapping[str, Callable[[PartialGraph, fx.Node, Call], Judgement]] = {
    "conv2d": read_layer,
    "linear": read_layer,
    "batch_norm": read_affine,
    "normalise": read_affine,
    "hardsigmoid": read_hardsigmoid,
    **dict.fromkeys(("identity", "dropout", "flatten", "reshape"), read_same),
    **dict.fromkeys(("relu", "relu6", "hardtanh", "clamp", "clamp_min", "clamp_max"), read_clamp),
    "add": read_add,
    **dict.fromkeys(("subtract", "multiply", "divide", "negate"), read_arithmetic),
    "concat": read_concat,
    **dict.fromkeys(POOLS, read_pooling),
    "slice": read_slice,
    "pad": read_pad,
}
"""What reads a node, by the kind of its call."""


def place_of(node: fx.Node) -> str:
    """Dotted name of a node: its module's, or its own in the module that calls the function."""
    if node.op == "call_module":
        return str(node.target)
    return ".".join(part for part in (path_of(node), node.name) if part)


class NodeReader:
    """The steps of a network, and a judgement of every node.

    Parameters
    ----------
    captured : Captured
        The network; :meth:`read` is to be called with its nodes in order.
    start : Node, optional
        The node whose value is the input of the first layer; the input of the network otherwise.

    Members
    -------
    graph : PartialGraph
        The steps that have been read.
    judged : dict of Node to Judgement
        Nothing of sizes and constants.
    layer_nodes : list of Node
        Those that call a convolution or a fully connected layer.
    """

    def __init__(self, captured: Captured, *, start: fx.Node | None = None) -> None:
        self.captured = captured
        self.graph = PartialGraph(captured)
        self.judged: dict[fx.Node, Judgement] = {}
        self.layer_nodes = [n for n in captured.module.graph.nodes if self._is_layer(n)]
        if start is not None:
            self.graph.enter_input(start)

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the input."""
        return self.graph.map_shape(INPUT)

    @property
    def module_layers(self) -> list[str]:
        """Names of the layers whose weights are those of a module."""
        return [
            name
            for name, step in self.graph.steps.items()
            if isinstance(step, TracedLayer) and step.module is not None
        ]

    def read(self, node: fx.Node) -> None:
        """Judge one node; those before it have been."""
        if node in self.captured.numbers or node in self.captured.constants:
            return
        if node not in self.captured.shapes:
            said = self.captured.failures.get(node, "it reads what has no shape")
            self.judged[node] = Judgement(verdict="refused", reason=f"cannot be computed: {said}")
            return
        try:
            if node.op == "placeholder":
                self._input(node)
                return
            call = self.graph.call_of(node)
            if call.module is not None and _has_hooks(call.module):
                raise RefusedError(
                    "has a hook, which may change what it computes: take it off before "
                    "(torch.nn.utils.remove_weight_norm, remove_spectral_norm, prune.remove)"
                )
            self.judged[node] = _READERS.get(call.kind, _read_other)(self.graph, node, call)
        except RefusedError as error:
            reason = f"{error}{self._on_host(node)}"
            self.judged[node] = Judgement(verdict="refused", reason=reason)
            # What comes behind is judged as if this one were computed somewhere.
            self.graph.enter_refused(node)

    def _input(self, node: fx.Node) -> None:
        if any(value.step == INPUT for value in self.graph.values.values()):
            raise RefusedError("a network has one input: put what else it reads into its module")
        self.graph.enter_input(node)

    def _is_layer(self, node: fx.Node) -> bool:
        return isinstance(self.graph.module_of(node), nn.Conv2d | nn.Linear)

    def _on_host(self, node: fx.Node) -> str:
        """What else can be done with a node that is refused."""
        layers = self.layer_nodes
        if layers and node > layers[-1]:
            return "; or let the host compute the end: model.on_host: [tail]"
        if layers and node < layers[0] and node.op != "placeholder":
            return "; or let the host compute the beginning: model.on_host: [head]"
        return ""


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _read_other(_graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    raise RefusedError(refusal(call, node))
