"""Quantisation: from a float network to an integer network.

Weights are symmetric with one scale for each output channel. Activations have one scale for each
layer and zero point 0: unsigned after a ReLU, two's complement otherwise. ``docs/software.md``
derives the requantisation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import nn

from arch.fixed import BIAS_BITS, ActFormat, OutFormat, weight_range
from arch.geometry import Geometry
from arch.layer import INPUT, LayerSpec
from arch.packing import segment_grid
from sw.batch_norm import fold
from sw.calibration import Observed, observe
from sw.clip import best_limits, half_up
from sw.fixed_ratio import RATIO_MIN, fixed_ratio
from sw.graph import TracedLayer, trace
from sw.integer_network import IntegerLayer, IntegerNetwork
from sw.segments import expand

__all__ = ["SCORE_BITS", "quantise"]

SCORE_BITS = 16
"""Width of the class scores: wide, so that rounding decides no class."""
_SCORE_HEADROOM = 2.0
_BIAS_LIMIT = 1 << (BIAS_BITS - 2)


@dataclass(frozen=True)
class _Value:
    """What a layer reads or writes: its shape, the format of its codes, the worth of one step."""

    shape: tuple[int, int, int]
    activation: ActFormat
    scale: float


def quantise(
    network: nn.Module,
    kept: Mapping[str, np.ndarray] | None,
    images: np.ndarray,
    geometry: Geometry,
    *,
    scheme: str = "column_vector",
    name: str = "network",
) -> IntegerNetwork:
    """The integer network of a float network, batch normalisation folded.

    Parameters
    ----------
    network : Module
        Not changed.
    kept : mapping of bool arrays, or None
        What :func:`sw.prune.kept_segments` returned; other weights become 0. None keeps all.
    images : float32 array, shape (n, C, H, W)
        Training images, values 0 to 1; they decide the ranges of the activations.
    geometry : Geometry
        Gives ``weight_bits``, ``act_bits`` and the size of a segment.
    scheme : str
        Sparsity structure of ``kept``.
    name : str
        Name of the integer network.

    Raises
    ------
    :exc:`ValueError`
        If there is no image, ``kept`` does not fit, a weight is not finite, or a value fits no
        integer format.
    """
    if images.ndim != 4 or images.size == 0:
        raise ValueError(f"images must have a shape (n, C, H, W), not empty: {images.shape}")
    layers = trace(network)
    names = [layer.name for layer in layers]
    if kept is not None and set(kept) != set(names):
        raise ValueError(
            f"kept segments must be given for {', '.join(names)}, not for {', '.join(kept)}"
        )
    folded = {layer.name: fold(layer) for layer in layers}
    observed = observe(network, layers, images)
    pixels = ActFormat(bits=geometry.act_bits)
    in_shape = (images.shape[1], images.shape[2], images.shape[3])
    values = {INPUT: _Value(in_shape, pixels, 1.0 / pixels.maximum)}
    made = []
    for layer in layers:
        source = values[layer.source]
        output, scale = _output(layer, observed[layer.name], geometry, last=layer is layers[-1])
        spec = _spec(layer, source, observed[layer.name].shape, output, scheme)
        segments = np.ones(segment_grid(spec.rows, spec.cols, scheme, geometry), bool)
        if kept is not None:
            segments = kept[layer.name]
        try:
            made.append(
                _integer_layer(spec, folded[layer.name], segments, geometry, source.scale, scale)
            )
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {error}") from error
        if layer is not layers[-1]:
            activation = ActFormat(bits=output.bits, signed=output.signed)
            values[layer.name] = _Value(spec.out_shape, activation, scale)
    return IntegerNetwork(
        name=name, layers=tuple(made), input_scale=values[INPUT].scale, in_shape=in_shape
    )


def _output(
    layer: TracedLayer, observed: Observed, geometry: Geometry, *, last: bool
) -> tuple[OutFormat, float]:
    """Format of the outputs of a layer, and the worth of one step."""
    bits, signed = geometry.act_bits, not layer.relu
    if last:
        bits, signed = SCORE_BITS, True
    high = (1 << (bits - signed)) - 1
    low = 0 if layer.relu else -high - 1
    if last:
        limit = _SCORE_HEADROOM * observed.largest
    else:
        limit = best_limits(observed.samples[None], low=low, high=high)[0]
    # A layer whose outputs are all zero has no scale of its own; any will do.
    scale = float(limit) / high if limit > 0 else 1.0
    return OutFormat(bits=bits, signed=signed, minimum=low, maximum=high), scale


def _spec(
    layer: TracedLayer,
    source: _Value,
    out_shape: tuple[int, int, int],
    output: OutFormat,
    scheme: str,
) -> LayerSpec:
    module = layer.module
    window: dict[str, tuple[int, int]] = {}
    if isinstance(module, nn.Conv2d):
        window = {
            "kernel": _pair(module.kernel_size),
            "stride": _pair(module.stride),
            "padding": _pair(module.padding),
            "dilation": _pair(module.dilation),
        }
    return LayerSpec(
        name=layer.name,
        kind="conv2d" if isinstance(module, nn.Conv2d) else "linear",
        source=layer.source,
        in_shape=source.shape,
        out_shape=out_shape,
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
    weights = weights * expand(kept, spec.rows, spec.cols, spec.scheme, geometry)
    _, high = weight_range(geometry.weight_bits)
    scale = best_limits(weights.T, low=-high, high=high) / high
    # A channel of (nearly) no weights takes a coarser scale, so that its bias and its ratio fit.
    scale = np.maximum(scale, np.abs(bias) / (in_scale * _BIAS_LIMIT))
    scale = np.maximum(scale, RATIO_MIN * out_scale / in_scale)
    multiplier, shift = fixed_ratio(scale * in_scale / out_scale)
    return IntegerLayer(
        spec=spec,
        weights=np.clip(half_up(weights / scale), -high, high).astype(np.int8),
        kept=kept,
        multiplier=multiplier,
        shift=shift,
        bias=half_up(bias / (scale * in_scale)).astype(np.int64),
    )


def _pair(sizes: tuple[int, ...] | str) -> tuple[int, int]:
    """Sizes of a module as LayerSpec has them."""
    return (int(sizes[0]), int(sizes[1]))
