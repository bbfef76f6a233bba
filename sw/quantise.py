"""Quantisation: from a float network to an integer network.

Weights are symmetric with one scale for each output channel. Activations have one scale for each
layer and zero point 0: unsigned after a ReLU, two's complement otherwise. ``docs/software.md``
derives the requantisation. What the host computes between layers is made integer by
:mod:`sw.quantise_host`.
"""

from collections.abc import Collection, Mapping

import numpy as np
from torch import nn

from arch.fixed import BIAS_BITS, ActFormat, OutFormat, weight_range
from arch.geometry import Geometry
from arch.group_layout import block_diagonal, segment_mask
from arch.host import HostSpec
from arch.layer import INPUT, LayerSpec
from sw.batch_norm import fold
from sw.calibration import Observed, observe
from sw.clip import best_limits, half_up
from sw.datasets import PIXELS
from sw.fixed_ratio import RATIO_MIN, fixed_ratio
from sw.graph import trace_network
from sw.integer_network import IntegerLayer, IntegerNetwork
from sw.quantise_host import (
    Value,
    host_operation,
    input_normalisation,
    input_value,
    limited,
    output_format,
)
from sw.segments import expand
from sw.traced import TracedLayer, TracedOperation

__all__ = ["SCORE_BITS", "output_of_layer", "quantise", "spec_of_layer"]

SCORE_BITS = 16
"""Width of the class scores: wide, so that rounding decides no class."""
_SCORE_HEADROOM = 2.0
_BIAS_LIMIT = 1 << (BIAS_BITS - 2)


def quantise(
    network: nn.Module,
    kept: Mapping[str, np.ndarray] | None,
    images: np.ndarray,
    geometry: Geometry,
    *,
    scheme: str = "column_vector",
    name: str = "network",
    on_host: Collection[str] = (),
    value_range: tuple[float, float] = PIXELS,
) -> IntegerNetwork:
    """The integer network of a float network, batch normalisation folded.

    Parameters
    ----------
    network : Module
        Not changed.
    kept : mapping of bool arrays, or None
        What :func:`sw.prune.kept_segments` returned; other weights become 0. None keeps all.
    images : float32 array, shape (n, C, H, W)
        Training images, values within ``value_range``; they decide the ranges of the activations.
    geometry : Geometry
        Gives ``weight_bits``, ``act_bits`` and the size of a segment.
    scheme : str
        Sparsity structure of ``kept``.
    name : str
        Name of the integer network.
    on_host : collection of str
        As of :func:`sw.examine.examine`: what the host computes is no part of the network.
    value_range : tuple of float
        The least and the largest value that an image can have; they decide the input codes.

    Raises
    ------
    :exc:`ValueError`
        If there is no image, ``kept`` does not fit, a weight is not finite, or a value fits no
        integer format.
    """
    if images.ndim != 4 or images.size == 0:
        raise ValueError(f"images must have a shape (n, C, H, W), not empty: {images.shape}")
    in_shape = (images.shape[1], images.shape[2], images.shape[3])
    traced = trace_network(network, in_shape, on_host=on_host)
    layers = traced.layers
    names = [layer.name for layer in layers if layer.module is not None]
    if kept is not None and set(kept) != set(names):
        raise ValueError(
            f"kept segments must be given for {', '.join(names)}, not for {', '.join(kept)}"
        )
    folded = {layer.name: fold(layer) for layer in layers}
    observed = observe(network, traced.steps, images)
    normalisation = input_normalisation(traced.normalise, in_shape[0])
    values = {INPUT: input_value(normalisation, in_shape, geometry.act_bits, value_range)}
    scale = 1.0  # what a step of the last layer is worth, in the end
    made: list[IntegerLayer] = []
    host: list[HostSpec] = []
    for step in traced.steps:
        try:
            if isinstance(step, TracedOperation):
                sources = [values[source] for source in step.sources]
                operation, values[step.name] = host_operation(
                    step, sources, observed[step.name], geometry.act_bits
                )
                host.append(operation)
                continue
            source = values[step.source]
            output, scale = output_of_layer(
                step, observed[step.name], geometry, last=step is layers[-1]
            )
            spec = spec_of_layer(step, source, output, scheme)
            segments = segment_mask(spec.rows, spec.cols, spec.groups, scheme, geometry)
            if kept is not None and step.module is not None:
                segments = kept[step.name]
            made.append(
                _integer_layer(spec, folded[step.name], segments, geometry, source.scale, scale)
            )
        except ValueError as error:
            what = "operation" if isinstance(step, TracedOperation) else "layer"
            raise ValueError(f"{what} {step.name}: {error}") from error
        if step is not layers[-1]:
            activation = ActFormat(bits=output.bits, signed=output.signed)
            values[step.name] = Value(spec.out_shape, activation, scale)
    mean, std = normalisation if normalisation is not None else (np.empty(0), np.empty(0))
    return IntegerNetwork(
        name=name,
        layers=tuple(made),
        input_scale=values[INPUT].scale,
        in_shape=in_shape,
        host=tuple(host),
        input_mean=tuple(mean.tolist()),
        input_std=tuple(std.tolist()),
        output_scale=scale if "tail" in on_host else None,
    )


def output_of_layer(
    layer: TracedLayer, observed: Observed, geometry: Geometry, *, last: bool
) -> tuple[OutFormat, float]:
    """Format of the outputs of a layer, and the worth of one step."""
    if not last:
        return output_format(observed, bits=geometry.act_bits, limits=layer.clamp)
    high = (1 << (SCORE_BITS - 1)) - 1
    limit = _SCORE_HEADROOM * observed.largest
    # A layer whose outputs are all zero has no scale of its own; any will do.
    scale = limit / high if limit > 0 else 1.0
    scores = OutFormat(bits=SCORE_BITS, signed=True, minimum=-high - 1, maximum=high)
    return limited(scores, layer.clamp, scale), scale


def spec_of_layer(layer: TracedLayer, source: Value, output: OutFormat, scheme: str) -> LayerSpec:
    """What a layer is that reads ``source`` and gives ``output``."""
    module = layer.module
    window: dict[str, tuple[int, int]] = {}
    if isinstance(module, nn.Conv2d):
        window = {
            "kernel": _pair(module.kernel_size),
            "stride": _pair(module.stride),
            "dilation": _pair(module.dilation),
        }
    return LayerSpec(
        name=layer.name,
        kind="linear" if isinstance(module, nn.Linear) else "conv2d",
        source=layer.source,
        in_shape=source.shape,
        out_shape=layer.out_shape,
        padding=layer.padding,
        groups=layer.groups,
        scheme=scheme,
        activation=source.activation,
        output=output,
        **window,
    )


def _integer_layer(
    spec: LayerSpec,
    folded: tuple[np.ndarray, np.ndarray],
    kept: np.ndarray,
    geometry: Geometry,
    in_scale: float,
    out_scale: float,
) -> IntegerLayer:
    """Weights, bias and requantisation of a layer whose inputs and outputs have given scales."""
    weights, bias = folded
    weights = weights * expand(
        kept, spec.rows, spec.cols, spec.scheme, geometry, groups=spec.groups
    )
    _, high = weight_range(geometry.weight_bits)
    scale = best_limits(weights.T, low=-high, high=high) / high
    # A channel of (nearly) no weights takes a coarser scale, so that its bias and its ratio fit.
    scale = np.maximum(scale, np.abs(bias) / (in_scale * _BIAS_LIMIT))
    scale = np.maximum(scale, RATIO_MIN * out_scale / in_scale)
    multiplier, shift = fixed_ratio(scale * in_scale / out_scale)
    return IntegerLayer(
        spec=spec,
        weights=block_diagonal(
            np.clip(half_up(weights / scale), -high, high).astype(np.int8), spec.groups
        ),
        kept=kept,
        multiplier=multiplier,
        shift=shift,
        bias=half_up(bias / (scale * in_scale)).astype(np.int64),
    )


def _pair(sizes: tuple[int, ...]) -> tuple[int, int]:
    """Sizes of a module as LayerSpec has them."""
    return (int(sizes[0]), int(sizes[1]))
