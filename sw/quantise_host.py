"""Quantisation of what lies between layers: the input, and what the host computes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from arch.fixed import ActFormat, OutFormat
from arch.host import HostSpec
from sw.batch_norm import scale_and_offset
from sw.calibration import Observed
from sw.clip import best_limits, half_up
from sw.fixed_ratio import fixed_ratio
from sw.folding import affine_of_normalise
from sw.normalise import Normalise
from sw.traced import Affine, Clamp, Norm, TracedOperation

__all__ = ["Value", "host_operation", "input_normalisation", "input_value", "output_format"]


@dataclass(frozen=True)
class Value:
    """What a step reads or writes: its shape, the format of its codes, the worth of one code."""

    shape: tuple[int, int, int]
    activation: ActFormat
    scale: float


def input_normalisation(
    transforms: Sequence[Norm | Normalise | Affine], channels: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and standard deviation, ``(pixel - mean) / std``, of what pixels go through first.

    Returns
    -------
    mean, std : float64 array, shape (channels,)
        None if the pixels are read as they are.

    Raises
    ------
    :exc:`ValueError`
        If a scale is not above 0.
    """
    if not transforms:
        return None
    if len(transforms) == 1 and isinstance(transforms[0], Normalise):
        first = transforms[0]
        mean, std = (v.cpu().numpy().astype(np.float64) for v in (first.mean, first.std))
        return mean.flatten(), std.flatten()
    scale, offset = np.ones(channels), np.zeros(channels)
    for transform in transforms:
        plain = affine_of_normalise(transform) if isinstance(transform, Normalise) else transform
        factor, addend = scale_and_offset(plain)
        scale, offset = scale * factor, offset * factor + addend
    if not (scale > 0).all():
        raise ValueError(
            "the input is multiplied by 0 or less before the first layer: make these scales "
            f"positive, not {scale.min()}"
        )
    return -offset / scale, 1 / scale


def input_value(
    normalisation: tuple[np.ndarray, np.ndarray] | None,
    shape: tuple[int, int, int],
    bits: int,
    value_range: tuple[float, float],
) -> Value:
    """The input of a network.

    Values that are never below 0, as pixels are, have unsigned codes: black, which padding repeats,
    is 0, and white is the largest. Others, as normalised pixels, have signed codes with zero point
    0 and one scale for all channels, so that padding, which is 0 after normalisation, is the code 0
    in every channel: exact, where an unsigned code of the pixel would need the mean of each channel
    as its zero point. The scale takes the largest magnitude that any value can have to the largest
    code; nothing is clipped.

    Parameters
    ----------
    value_range : tuple of float
        The least and the largest value that an image can have before its normalisation.

    Raises
    ------
    :exc:`ValueError`
        If the input has a sign and one bit.
    """
    low, high = np.float64(value_range[0]), np.float64(value_range[1])
    if normalisation is not None:
        mean, std = normalisation
        low, high = ((low - mean) / std).min(), ((high - mean) / std).max()
    if low < 0 and bits < 2:
        raise ValueError("the input has a sign, which takes at least 2 bits: raise act_bits")
    codes = ActFormat(bits=bits, signed=bool(low < 0))
    return Value(shape, codes, float(max(-low, high)) / codes.maximum)


def output_format(observed: Observed, *, bits: int, limits: Clamp) -> tuple[OutFormat, float]:
    """Format of outputs that were observed, and the worth of one step.

    Outputs that are never below 0 are unsigned. Limits that the codes do not have of themselves
    become the nearest codes.

    Raises
    ------
    :exc:`ValueError`
        If signed outputs have one bit.
    """
    signed = limits.low < 0
    if signed and bits < 2:
        raise ValueError("outputs have a sign, which takes at least 2 bits: raise act_bits")
    high = (1 << (bits - signed)) - 1
    low = -high - 1 if signed else 0
    limit = float(best_limits(observed.samples[None], low=low, high=high)[0])
    # Outputs that are all zero have no scale of their own; any will do.
    scale = limit / high if limit > 0 else 1.0
    return limited(
        OutFormat(bits=bits, signed=signed, minimum=low, maximum=high), limits, scale
    ), scale


def limited(output: OutFormat, limits: Clamp, scale: float) -> OutFormat:
    """A format whose clamp is that of ``limits`` as well; one step is worth ``scale``."""
    low, high = (
        int(half_up(np.clip(limit / scale, output.minimum, output.maximum)))
        for limit in (limits.low, limits.high)
    )
    return replace(output, minimum=low, maximum=high)


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
        scale, shift = sources[0].scale, 0
        output = _moved(form, step.clamp, scale)
        multipliers: tuple[int, ...] = (1,)
    else:
        limits = step.clamp
        if not any(source.activation.signed for source in sources):
            limits = limits.then(Clamp(low=0.0))
        output, scale = output_format(observed, bits=bits, limits=limits)
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
        out_shape=step.out_shape,
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


def _moved(form: ActFormat, limits: Clamp, scale: float) -> OutFormat:
    """The format of codes that are moved: unsigned where a limit leaves none below 0."""
    codes = OutFormat(
        bits=form.bits, signed=form.signed, minimum=form.minimum, maximum=form.maximum
    )
    codes = limited(codes, limits, scale)
    return replace(codes, signed=codes.signed and codes.minimum < 0)
