"""The structure of a network: its layers, and what the host computes between them.

What an operation is read from, stands in :mod:`sw.host_nodes`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import fx, nn

from arch.layer import INPUT
from sw.host_nodes import TracedOperation, read_operation
from sw.normalise import Normalise

__all__ = ["TracedLayer", "TracedNetwork", "layer_outputs", "trace", "trace_network"]

_RELU = {torch.relu, torch.relu_, F.relu, F.relu_, "relu", "relu_"}
_FLATTEN = {torch.flatten, "flatten"}


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedLayer:
    """A layer that goes to crossbars, with what is fused into its output.

    Parameters
    ----------
    name : str
        The module's name in the network as an identifier (dots become underscores).
    module : Conv2d or Linear
        The weights.
    batch_norm : BatchNorm2d, BatchNorm1d or None
        Follows the module directly.
    relu : bool
        Whether a ReLU ends the layer.
    source : str
        Name of the layer or operation whose outputs are read, or :data:`arch.layer.INPUT`.
    node : str
        The node of the traced graph whose value is the output of the layer.
    """

    name: str
    module: nn.Conv2d | nn.Linear
    batch_norm: nn.BatchNorm1d | nn.BatchNorm2d | None = None
    relu: bool = False
    source: str
    node: str


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedNetwork:
    """A network as a chain of layers and host operations.

    Parameters
    ----------
    steps : tuple of TracedLayer or TracedOperation
        In execution order; the last one is a layer and gives the class scores.
    normalise : Normalise or None
        Normalisation of the pixels, before everything else.
    """

    steps: tuple[TracedLayer | TracedOperation, ...]
    normalise: Normalise | None

    @property
    def layers(self) -> tuple[TracedLayer, ...]:
        """The layers alone."""
        return tuple(step for step in self.steps if isinstance(step, TracedLayer))


def trace(network: nn.Module) -> tuple[TracedLayer, ...]:
    """Layers of a network in execution order; see :func:`trace_network`."""
    return trace_network(network).layers


def trace_network(network: nn.Module) -> TracedNetwork:
    """Layers of a network, and the host operations between them, in execution order.

    A layer is a convolution or a fully connected layer with the batch normalisation and the ReLU
    that follow it. The structure is read from the traced computation, so names and nesting are
    free.

    Parameters
    ----------
    network : Module
        One input, one output, which a layer gives.

    Raises
    ------
    :exc:`ValueError`
        If the network computes something that has no place here yet; the message names it.
    """
    reader = _Reader(dict(network.named_modules()))
    for node in _Tracer().trace(network).nodes:
        reader.read(node)
    if not any(isinstance(step, TracedLayer) for step in reader.steps.values()):
        raise ValueError("network has no convolution and no fully connected layer")
    steps = tuple(reader.steps.values())
    if not isinstance(steps[-1], TracedLayer) or reader.output != steps[-1].name:
        raise ValueError("the last step of a network must be the layer that gives the scores")
    return TracedNetwork(steps=steps, normalise=reader.normalise)


class _Tracer(fx.Tracer):
    """Leaves the normalisation whole, as it does torch's own modules."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Normalise) or super().is_leaf_module(m, module_qualified_name)


class _Reader:
    """Reads the nodes of a traced network, one after the other."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.modules = modules
        self.steps: dict[str, TracedLayer | TracedOperation] = {}
        self.values: dict[fx.Node, str] = {}  # node -> name of the step whose value it is
        self.normalise: Normalise | None = None
        self.output = ""

    def read(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            if INPUT in self.values.values():
                raise ValueError(f"network must have one input, not also {node.name}")
            self.values[node] = INPUT
        elif node.op == "output":
            self.output = self.values.get(node.all_input_nodes[0], "")
        else:
            self.values[node] = self._step(node)

    def _step(self, node: fx.Node) -> str:
        """Enter one node; returns the name of the step whose value it now is."""
        module = self.modules.get(str(node.target)) if node.op == "call_module" else None
        made = read_operation(node, module, self.values, self.steps)
        if made is not None:
            self.steps[made.name] = made
            return made.name
        operation = module if node.op == "call_module" else node.target
        inputs = node.all_input_nodes
        if len(inputs) != 1:
            raise ValueError(
                f"{node.name}: an operation of {len(inputs)} values cannot be mapped yet"
            )
        name = self.values[inputs[0]]
        if isinstance(operation, nn.Conv2d | nn.Linear):
            return self._layer(node, operation, name)
        if isinstance(operation, nn.Flatten | nn.Identity) or operation in _FLATTEN:
            return name
        if isinstance(operation, Normalise):
            if inputs[0].op != "placeholder" or len(inputs[0].users) != 1:
                raise ValueError(f"{node.name}: normalisation must be the first step, and alone")
            self.normalise = operation
            return name
        if isinstance(operation, nn.BatchNorm1d | nn.BatchNorm2d):
            layer = self._open(node, name)
            if not isinstance(layer, TracedLayer) or layer.batch_norm is not None or layer.relu:
                raise ValueError(f"{node.name}: batch normalisation must follow a layer directly")
            self.steps[name] = replace(layer, batch_norm=operation, node=node.name)
            return name
        if isinstance(operation, nn.ReLU) or operation in _RELU:
            step = self._open(node, name)
            if isinstance(step, TracedOperation) and step.kind != "add":
                raise ValueError(f"{node.name}: a ReLU must follow a layer or an addition")
            self.steps[name] = replace(step, relu=True, node=node.name)
            return name
        raise ValueError(f"{node.name}: {operation} cannot be mapped yet")

    def _layer(self, node: fx.Node, module: nn.Conv2d | nn.Linear, source: str) -> str:
        name = _identifier(str(node.target))
        if name in self.steps:
            raise ValueError(f"{node.target}: is used twice, or its name is taken")
        _check_module(name, module)
        self.steps[name] = TracedLayer(name=name, module=module, source=source, node=node.name)
        return name

    def _open(self, node: fx.Node, name: str) -> TracedLayer | TracedOperation:
        """The step that ``node`` is fused into; nothing else may read the value before it."""
        if name not in self.steps or len(node.all_input_nodes[0].users) != 1:
            raise ValueError(f"{node.name}: must follow one layer, and alone")
        return self.steps[name]


def _check_module(name: str, module: nn.Conv2d | nn.Linear) -> None:
    if not isinstance(module, nn.Conv2d):
        return
    if module.groups != 1:
        raise ValueError(f"layer {name}: groups must be 1, not {module.groups}")
    if module.padding_mode != "zeros" or isinstance(module.padding, str):
        raise ValueError(f"layer {name}: padding must be given in numbers and filled with zeros")


def _identifier(target: str) -> str:
    name = target.replace(".", "_")
    return name if name[:1].isalpha() else f"layer_{name}"


class _Recorder(fx.Interpreter):
    """Runs a traced network and keeps the values of some nodes."""

    def __init__(self, module: fx.GraphModule, wanted: frozenset[str]) -> None:
        super().__init__(module)
        self.wanted = wanted
        self.values: dict[str, torch.Tensor] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n.name in self.wanted:
            self.values[n.name] = value
        return value


def layer_outputs(
    network: nn.Module, steps: Iterable[TracedLayer | TracedOperation], images: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Outputs of every step (a layer's after batch normalisation and ReLU), in the present mode.

    Parameters
    ----------
    steps : iterable of TracedLayer or TracedOperation
        What :func:`trace` or :func:`trace_network` gave for ``network``.
    images : float32 tensor, shape (n, C, H, W)

    Returns
    -------
    dict of float32 tensors, shape (n, C, H, W) or (n, C)
    """
    module = fx.GraphModule(network, _Tracer().trace(network))
    wanted = {step.name: step.node for step in steps}
    recorder = _Recorder(module, frozenset(wanted.values()))
    recorder.run(images)
    return {name: recorder.values[node] for name, node in wanted.items()}
