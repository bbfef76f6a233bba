"""A network from elsewhere, with what is known of its input and output."""

from dataclasses import dataclass

import torch
from torch import nn

__all__ = ["ImportedNetwork", "run_on_meta"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedNetwork:
    """A network, ready to be trained, pruned and mapped like those that come with the product.

    Parameters
    ----------
    module : Module
        Takes float32 images of shape (n, C, H, W), gives scores of shape (n, classes). Its weights
        are on torch's meta device, without values, if only the shapes were asked for.
    in_shape : tuple of int
        Channels, height and width of an image; features are (features, 1, 1).
    classes : int
        Number of scores.
    """

    module: nn.Module
    in_shape: tuple[int, int, int]
    classes: int


def run_on_meta(module: nn.Module, in_shape: tuple[int, ...]) -> object:
    """What a module on the meta device gives for one image, without computing a value."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            return module(torch.empty(1, *in_shape, device="meta"))
    finally:
        module.train(training)
