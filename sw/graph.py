"""The structure of a network: which layers go to crossbars, and what surrounds each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import fx, nn

from arch.layer import INPUT

__all__ = ["TracedLayer", "layer_outputs", "trace"]

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
        Name of the layer whose outputs are read, or :data:`arch.layer.INPUT`.
    node : str
        The node of the traced graph whose value is the output of the layer.
    """

    name: str
    module: nn.Conv2d | nn.Linear
    batch_norm: nn.BatchNorm1d | nn.BatchNorm2d | None = None
    relu: bool = False
    source: str
    node: str


def trace(network: nn.Module) -> tuple[TracedLayer, ...]:
    """Layers of a network in execution order.

    Each is a convolution or a fully connected layer with the batch normalisation and the ReLU that
    follow it. The structure is read from the traced computation, so names and nesting are free.

    Parameters
    ----------
    network : Module
        One input, one output.

    Raises
    ------
    :exc:`ValueError`
        If the network computes something that has no place on crossbars yet; the message names it.
    """
    graph = fx.Tracer().trace(network)
    modules = dict(network.named_modules())
    layers: dict[str, TracedLayer] = {}
    values: dict[fx.Node, str] = {}  # node -> name of the layer whose value it is
    for node in graph.nodes:
        if node.op == "placeholder":
            if INPUT in values.values():
                raise ValueError(f"network must have one input, not also {node.name}")
            values[node] = INPUT
        elif node.op != "output":
            values[node] = _add(node, modules.get(str(node.target)), layers, values)
    if not layers:
        raise ValueError("network has no convolution and no fully connected layer")
    return tuple(layers.values())


def _add(
    node: fx.Node,
    module: nn.Module | None,
    layers: dict[str, TracedLayer],
    values: dict[fx.Node, str],
) -> str:
    """Enter one node into ``layers``; returns the name of the layer whose value it now is."""
    operation = module if node.op == "call_module" else node.target
    inputs = node.all_input_nodes
    if len(inputs) != 1:
        raise ValueError(f"{node.name}: an operation of {len(inputs)} values cannot be mapped yet")
    name = values[inputs[0]]
    if isinstance(operation, nn.Conv2d | nn.Linear):
        new = _identifier(str(node.target))
        if new in layers:
            raise ValueError(f"{node.target}: is used twice, or its name is taken")
        _check_module(new, operation)
        layers[new] = TracedLayer(name=new, module=operation, source=name, node=node.name)
        return new
    if isinstance(operation, nn.Flatten) or operation in _FLATTEN:
        return name
    if isinstance(operation, nn.BatchNorm1d | nn.BatchNorm2d):
        layer = _open_layer(node, layers, name)
        if layer.batch_norm is not None or layer.relu:
            raise ValueError(f"{node.name}: batch normalisation must follow a layer directly")
        layers[name] = replace(layer, batch_norm=operation, node=node.name)
        return name
    if isinstance(operation, nn.ReLU) or operation in _RELU:
        layers[name] = replace(_open_layer(node, layers, name), relu=True, node=node.name)
        return name
    raise ValueError(f"{node.name}: {operation} cannot be mapped yet")


def _open_layer(node: fx.Node, layers: dict[str, TracedLayer], name: str) -> TracedLayer:
    """The layer that ``node`` is fused into; nothing else may read the value before it."""
    if name not in layers or len(node.all_input_nodes[0].users) != 1:
        raise ValueError(f"{node.name}: must follow one layer, and alone")
    return layers[name]


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
    network: nn.Module, layers: Sequence[TracedLayer], images: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Outputs of every layer (after batch normalisation and ReLU), in the network's present mode.

    Parameters
    ----------
    layers : sequence of TracedLayer
        What :func:`trace` returned for ``network``.
    images : float32 tensor, shape (n, C, H, W)

    Returns
    -------
    dict of float32 tensors, shape (n, C, H, W) or (n, C)
    """
    module = fx.GraphModule(network, fx.Tracer().trace(network))
    recorder = _Recorder(module, frozenset(layer.node for layer in layers))
    recorder.run(images)
    return {layer.name: recorder.values[layer.node] for layer in layers}
