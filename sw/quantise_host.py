"""Quantisation of what lies between layers: the input, and what the host computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from arch.fixed import ActFormat, OutFormat
from arch.host import HostSpec
from sw.calibration import Observed
from sw.clip import best_limits, half_up
from sw.fixed_ratio import fixed_ratio
from sw.host_nodes import TracedOperation
from sw.normalise import Normalise

__all__ = ["Value", "host_operation", "input_value", "output_format"]


@dataclass(frozen=True)
class Value:
    """What a step reads or writes: its shape, the format of its codes, the worth of one code."""

    shape: tuple[int, int, int]
    activation: ActFormat
    scale: float


def input_value(normalise: Normalise | None, shape: tuple[int, int, int], bits: int) -> Value:
    """The input of a network.

    Pixels as they are have unsigned codes: black, which padding repeats, is 0, and white is the
    largest. Normalised pixels have signed codes with zero point 0 and one scale for all channels,
    so that padding, which is 0 after normalisation, is the code 0 in every channel: exact, where an
    unsigned code of the pixel would need the mean of each channel as its zero point. The scale
    takes the largest magnitude that any pixel can have to the largest code; nothing is clipped.
    """
    if normalise is None:
        pixels = ActFormat(bits=bits)
        return Value(shape, pixels, 1.0 / pixels.maximum)
    codes = ActFormat(bits=bits, signed=True)
    mean, std = (
        values.cpu().numpy().astype(np.float64) for values in (normalise.mean, normalise.std)
    )
    return Value(shape, codes, float((np.maximum(mean, 1 - mean) / std).max()) / codes.maximum)


def output_format(observed: Observed, *, bits: int, signed: bool) -> tuple[OutFormat, float]:
    """Format of outputs that were observed, and the worth of one step.

    Raises
    ------
    :exc:`ValueError`
        If signed outputs have one bit.
    """
    if signed and bits < 2:
        raise ValueError("outputs have a sign, which takes at least 2 bits: raise act_bits")
    high = (1 << (bits - signed)) - 1
    low = -high - 1 if signed else 0
    limit = float(best_limits(observed.samples[None], low=low, high=high)[0])
    # Outputs that are all zero have no scale of their own; any will do.
    scale = limit / high if limit > 0 else 1.0
    return OutFormat(bits=bits, signed=signed, minimum=low, maximum=high), scale


def host_operation(
    step: TracedOperation, sources: Sequence[Value], observed: Observed, bits: int
) -> tuple[HostSpec, Value]:
    """The integers of a host operation, and what it gives.

    Sources keep their own scales. One shift serves them all; it is such that the largest multiplier
    has all its bits. A shortcut moves codes and changes none, and a maximum chooses one.

    Parameters
    ----------
    step : TracedOperation
        The operation.
    sources : sequence of Value
        What it reads.
    observed : Observed
        Its outputs.
    bits : int
        Width of its outputs.

    Raises
    ------
    :exc:`ValueError`
        If the shapes do not fit, or a ratio fits no multiplier.
    """
    if any(source.shape != sources[0].shape for source in sources):
        shapes = " and ".join(str(source.shape) for source in sources)
        raise ValueError(f"values of one shape can be added, not {shapes}")
    form = sources[0].activation
    if step.kind in ("shortcut", "max_pool"):
        output = OutFormat(
            bits=form.bits, signed=form.signed, minimum=form.minimum, maximum=form.maximum
        )
        scale, shift = sources[0].scale, 0
        multipliers: tuple[int, ...] = (1,)
    else:
        signed = form.signed if step.kind == "average_pool" else not step.relu
        output, scale = output_format(observed, bits=bits, signed=signed)
        count = 1
        if step.kind == "average_pool":
            count = prod(step.kernel or sources[0].shape[1:])
        ratios = np.array([source.scale / (scale * count) for source in sources])
        _, shifts = fixed_ratio(ratios)
        shift = int(shifts.min())
        multipliers = tuple(int(m) for m in half_up(np.ldexp(ratios, shift)))
    spec = HostSpec(
        name=step.name,
        kind=step.kind,
        sources=step.sources,
        in_shape=sources[0].shape,
        out_shape=observed.shape,
        stride=step.stride,
        channels_before=step.channels_before,
        kernel=step.kernel,
        padding=step.padding,
        activations=tuple(source.activation for source in sources),
        multipliers=multipliers,
        shift=shift,
        output=output,
    )
    return spec, Value(spec.out_shape, ActFormat(bits=output.bits, signed=output.signed), scale)
