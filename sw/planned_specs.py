"""What quantisation makes of a network but for its numbers: layers and operations with formats.

Weights and images decide scales and multipliers alone. Shapes, widths and signs follow from the
traced network, so that the size of its hardware is known before there is anything else.
"""

import numpy as np

from arch.fixed import ActFormat
from arch.geometry import Geometry
from arch.host import HostSpec
from arch.layer import INPUT, LayerSpec
from sw.calibration import Observed
from sw.quantise import output_of_layer, spec_of_layer
from sw.quantise_host import Value, host_operation, input_value
from sw.traced import TracedNetwork, TracedOperation

__all__ = ["planned_specs"]

_ANY = Observed(samples=np.ones(1))
"""Outputs that stand for those that nobody has computed; only scales follow from them."""


def planned_specs(
    traced: TracedNetwork,
    geometry: Geometry,
    *,
    scheme: str,
    value_range: tuple[float, float],
) -> tuple[LayerSpec | HostSpec, ...]:
    """The steps of a network as :func:`sw.quantise.quantise` makes them, without weights.

    Multipliers, shifts and clamps are those of outputs of no meaning; all else is as it will be.

    Parameters
    ----------
    traced : TracedNetwork
        On any device, torch's ``meta`` among them.
    scheme : str
        Sparsity structure.
    value_range : tuple of float
        Smallest and largest value of an image.

    Returns
    -------
    tuple of LayerSpec or HostSpec
        In execution order.

    Raises
    ------
    :exc:`ValueError`
        If a value fits no integer format; the message names the step.
    """
    channels = traced.in_shape[0]
    normalisation = (np.zeros(channels), np.ones(channels)) if traced.normalise else None
    values = {INPUT: input_value(normalisation, traced.in_shape, geometry.act_bits, value_range)}
    specs: list[LayerSpec | HostSpec] = []
    for step in traced.steps:
        try:
            if isinstance(step, TracedOperation):
                sources = [values[source] for source in step.sources]
                made, values[step.name] = host_operation(step, sources, _ANY, geometry.act_bits)
                specs.append(made)
                continue
            last = step is traced.steps[-1]
            output, scale = output_of_layer(step, _ANY, geometry, last=last)
            specs.append(spec_of_layer(step, values[step.source], output, scheme))
        except ValueError as error:
            what = "operation" if isinstance(step, TracedOperation) else "layer"
            raise ValueError(f"{what} {step.name}: {error}") from error
        if not last:
            activation = ActFormat(bits=output.bits, signed=output.signed)
            values[step.name] = Value(step.out_shape, activation, scale)
    return tuple(specs)
