"""The structure of a network: its layers, and what is computed between them.

:mod:`sw.examine` says of each operation what becomes of it, and why.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn

from sw.capture import BATCH, graph_of, identifier
from sw.examine import examine
from sw.traced import TracedLayer, TracedNetwork, TracedOperation

__all__ = [
    "LayerModule",
    "TracedLayer",
    "TracedNetwork",
    "TracedOperation",
    "check_trace",
    "layer_outputs",
    "trace",
    "trace_network",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerModule:
    """A layer that has weights to prune: its name among our layers, and its module."""

    name: str
    module: nn.Conv2d | nn.Linear

    @property
    def groups(self) -> int:
        """Groups of channels that are computed apart from each other."""
        return self.module.groups if isinstance(self.module, nn.Conv2d) else 1


def trace(network: nn.Module) -> tuple[LayerModule, ...]:
    """Convolutions and fully connected layers of a network in execution order.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be traced.
    """
    module = graph_of(network)
    called = [str(node.target) for node in module.graph.nodes if node.op == "call_module"]
    found = [(target, module.get_submodule(target)) for target in called]
    return tuple(
        LayerModule(name=identifier(target), module=layer)
        for target, layer in found
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )


def trace_network(
    network: nn.Module, in_shape: Sequence[int], *, on_host: Collection[str] = ()
) -> TracedNetwork:
    """Layers of a network, and the operations between them, in execution order.

    A layer is a convolution or a fully connected layer with what is folded into it. The structure
    is read from the traced computation, so names and nesting are free.

    Parameters
    ----------
    network : Module
        One input, one output, which a layer gives; not changed.
    in_shape : sequence of int
        Channels, height and width of an image.
    on_host : collection of str
        As of :func:`sw.examine.examine`.

    Raises
    ------
    :exc:`ValueError`
        If the network computes something that has no place here; the message names the first such
        operation and says why. :func:`sw.examine.examine` lists all.
    """
    examination = examine(network, in_shape, on_host=on_host)
    for verdict in examination.refused:
        raise ValueError(f"{verdict.place} ({verdict.operation}): {verdict.reason}")
    if examination.traced is None:
        raise ValueError("the network cannot be mapped")
    return examination.traced


def check_trace(network: nn.Module, in_shape: Sequence[int]) -> None:
    """Hold the traced computation of a network to the network itself, for two images of noise.

    What happens behind the back of the trace is not in it: ``y += z`` where ``y`` has a second
    name, numbers that are taken from tensors, random numbers.

    Parameters
    ----------
    network : Module
        With weights, on the CPU; for inference.

    Raises
    ------
    :exc:`ValueError`
        If they do not compute the same, or the network cannot be traced.
    """
    module = graph_of(network)
    images = torch.rand(BATCH, *in_shape, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            traced, expected = module(images.clone()), network(images.clone())
    # The code of the network may raise anything.
    except Exception as error:
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise ValueError(f"two images cannot be computed: {first[0]}") from error
    if traced.shape != expected.shape or not torch.allclose(
        traced, expected, rtol=1e-3, atol=1e-5, equal_nan=True
    ):
        raise ValueError(
            "its trace computes something else than the network: it must not change in place what "
            "has a second name (write y = y + z, not y += z), and must not use random numbers"
        )


class _Recorder(fx.Interpreter):
    """Runs a traced network and keeps the values of some nodes."""

    def __init__(self, module: fx.GraphModule, wanted: frozenset[str]) -> None:
        super().__init__(module)
        self.wanted = wanted
        self.values: dict[str, torch.Tensor] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n.name in self.wanted:
            # A node behind it may change it in place.
            self.values[n.name] = value.clone()
        return value


def layer_outputs(
    network: nn.Module, steps: Iterable[TracedLayer | TracedOperation], images: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Outputs of every step (a layer's after all that is folded into it), for inference.

    Parameters
    ----------
    steps : iterable of TracedLayer or TracedOperation
        What :func:`trace_network` gave for ``network``.
    images : float32 tensor, shape (n, C, H, W)

    Returns
    -------
    dict of float32 tensors, shape (n, C, H, W) or (n, C)
    """
    module = graph_of(network)
    wanted = {step.name: step.node for step in steps}
    recorder = _Recorder(module, frozenset(wanted.values()))
    recorder.run(images)
    return {name: recorder.values[node] for name, node in wanted.items()}
