"""Puts a step before everything that a network computes, under its own name and no other change.

A module around the network would change the names of its layers and of its weights.
"""

from typing import Any

import torch
from torch import fx, nn

__all__ = ["flatten_first", "normalise_first"]

_NORMALISE = "normalise"


def flatten_first(network: nn.Module) -> nn.Module:
    """The network, changed in place to take images (n, features, 1, 1) as (n, features)."""
    if isinstance(network, fx.GraphModule):
        images = _input(network)
        with network.graph.inserting_after(images):
            step = network.graph.call_function(torch.flatten, (images, 1))
        return _through(network, images, step)
    kind: Any = type(network)

    class Flat(kind):
        def forward(self, images: torch.Tensor) -> Any:
            return super().forward(torch.flatten(images, 1))

    return _become(network, Flat, kind)


def normalise_first(network: nn.Module, normalise: nn.Module) -> nn.Module:
    """The network, changed in place to normalise the images that it takes.

    Parameters
    ----------
    normalise : Module
        Becomes a part of the network; without weights that are saved.
    """
    name = _NORMALISE
    while hasattr(network, name):
        name += "_"
    if type(network).forward is nn.Sequential.forward:
        return _prepend(network, name, normalise)
    network.add_module(name, normalise)
    if isinstance(network, fx.GraphModule):
        images = _input(network)
        with network.graph.inserting_after(images):
            step = network.graph.call_module(name, (images,))
        return _through(network, images, step)
    kind: Any = type(network)

    class Normalised(kind):
        def forward(self, images: torch.Tensor) -> Any:
            return super().forward(getattr(self, name)(images))

    return _become(network, Normalised, kind)


def _prepend(network: nn.Module, name: str, step: nn.Module) -> nn.Module:
    """Put ``step`` before the parts of a sequence, which are computed in their order."""
    named = network.named_modules(remove_duplicate=False)
    parts = {part: module for part, module in named if part and "." not in part}
    for part in parts:
        delattr(network, part)
    for part, module in {name: step, **parts}.items():
        network.add_module(part, module)
    return network


def _become(network: nn.Module, kind: Any, plain: type[nn.Module]) -> nn.Module:
    kind.__name__ = kind.__qualname__ = plain.__name__
    network.__class__ = kind
    return network


def _input(network: fx.GraphModule) -> fx.Node:
    return next(node for node in network.graph.nodes if node.op == "placeholder")


def _through(network: fx.GraphModule, images: fx.Node, step: fx.Node) -> fx.GraphModule:
    """Let everything that read the images read ``step``."""
    images.replace_all_uses_with(step, lambda user: user is not step)
    network.recompile()
    return network
