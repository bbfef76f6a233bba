"""The data set and the network that a configuration names."""

from torch import nn

from flow.configuration import Configuration
from sw.datasets import Dataset, load_digits
from sw.networks import build

__all__ = ["load_dataset", "new_network"]


def load_dataset(configuration: Configuration) -> Dataset:
    """The data set, split by the seed."""
    return load_digits(seed=configuration.seed)


def new_network(configuration: Configuration, dataset: Dataset) -> nn.Module:
    """The network with random weights, as the seed gives them."""
    return build(
        configuration.model.name,
        in_shape=dataset.in_shape,
        classes=dataset.classes,
        seed=configuration.seed,
    )
