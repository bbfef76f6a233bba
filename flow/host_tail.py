"""What the host computes in floats behind the hardware: scores become what the tail gives."""

from torch import nn

from arch.errors import InputError
from flow.configuration import Configuration
from sw.datasets import Dataset
from sw.host_split import split_network

__all__ = ["cut_tail"]


def cut_tail(
    configuration: Configuration, network: nn.Module, dataset: Dataset
) -> nn.Module | None:
    """What the host computes last; None if nothing, or if ``model.on_host`` does not allow it.

    Parameters
    ----------
    network : Module
        With its weights, which the tail shares; without what the host computes first.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be traced.
    """
    if "tail" not in configuration.model.on_host:
        return None
    try:
        return split_network(network, dataset.in_shape, ["tail"])[2]
    except ValueError as error:
        raise InputError(str(error)) from error
