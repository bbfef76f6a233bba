"""Random integer layers and networks, for everything that needs tables."""

import numpy as np
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat, weight_range
from arch.geometry import Geometry
from arch.host import HostSpec
from arch.layer import SCHEMES, LayerSpec
from arch.packing import segment_grid
from sw.integer_network import IntegerLayer, IntegerNetwork
from sw.segments import expand


def linear_spec(rows, cols, **fields):
    """A linear layer of ``rows`` inputs and ``cols`` outputs."""
    defaults = {
        "name": "layer",
        "kind": "linear",
        "source": "input",
        "in_shape": (rows, 1, 1),
        "out_shape": (cols, 1, 1),
        "activation": ActFormat(),
        "output": OutFormat(),
    }
    return LayerSpec(**(defaults | fields))


def random_layer(spec, geometry, rng, *, ratio=0.5, kept=None):
    """A layer with any weights, ``ratio`` of its segments pruned, or exactly ``kept``."""
    low, high = weight_range(geometry.weight_bits)
    if kept is None:
        kept = rng.random(segment_grid(spec.rows, spec.cols, spec.scheme, geometry)) >= ratio
    weights = rng.integers(low, high + 1, (spec.rows, spec.cols))
    weights *= expand(kept, spec.rows, spec.cols, spec.scheme, geometry)
    return IntegerLayer(
        spec=spec,
        weights=weights.astype(np.int8),
        kept=kept,
        multiplier=rng.integers(0, 1 << 16, spec.cols),
        shift=rng.integers(0, 48, spec.cols),
        bias=rng.integers(-(1 << 31), 1 << 31, spec.cols),
    )


def small_network(geometry, *, scheme="column_vector", ratio=0.5, seed=0):
    """A convolution of stride 2 and a linear layer behind it."""
    rng = np.random.default_rng(seed)
    conv = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(3, 7, 7),
        out_shape=(5, 4, 4),
        kernel=(3, 3),
        stride=(2, 2),
        padding=(1, 1),
        scheme=scheme,
        activation=ActFormat(bits=geometry.act_bits),
        output=OutFormat(bits=geometry.act_bits, maximum=(1 << geometry.act_bits) - 1),
    )
    scores = linear_spec(
        80,
        4,
        name="scores",
        source="conv",
        in_shape=conv.out_shape,
        scheme=scheme,
        activation=ActFormat(bits=geometry.act_bits),
        output=OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    )
    layers = tuple(random_layer(spec, geometry, rng, ratio=ratio) for spec in (conv, scores))
    return IntegerNetwork(name="small", layers=layers, input_scale=1 / 255, in_shape=(3, 7, 7))


@st.composite
def geometries(draw):
    """Any small geometry, several crossbars a layer among them."""
    cell_bits = draw(st.integers(1, 8))
    weight_bits = draw(st.integers(2, 8))
    slices = -(-weight_bits // cell_bits)
    ou_cols = draw(st.integers(slices, slices + 9))
    ou_rows = draw(st.integers(1, 12))
    return Geometry(
        rows=draw(st.integers(ou_rows, 3 * ou_rows)),
        cols=draw(st.integers(ou_cols, 3 * ou_cols)),
        cell_bits=cell_bits,
        ou_rows=ou_rows,
        ou_cols=ou_cols,
        adc_bits=draw(st.integers(1, 16)),
        encoding=draw(st.sampled_from(("offset", "differential"))),
        weight_bits=weight_bits,
        act_bits=8,
    )


@st.composite
def layers(draw):
    """A layer with its geometry: any shape, structure and share of pruned segments."""
    geometry = draw(geometries())
    spec = linear_spec(
        draw(st.integers(1, 40)), draw(st.integers(1, 20)), scheme=draw(st.sampled_from(SCHEMES))
    )
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    ratio = draw(st.sampled_from((0.0, 0.3, 0.7, 0.95, 1.0)))
    return random_layer(spec, geometry, rng, ratio=ratio), geometry


def residual_network(geometry, *, seed=0):
    """A convolution, a shortcut around it, their sum, its average, and a linear layer."""
    rng = np.random.default_rng(seed)
    pixels = ActFormat(bits=8, signed=True, zero_point=-3)
    signed = OutFormat(bits=8, signed=True, zero_point=5, minimum=-128, maximum=127)
    conv = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(2, 9, 7),
        out_shape=(4, 5, 4),
        kernel=(3, 3),
        stride=(2, 2),
        padding=(1, 1),
        activation=pixels,
        output=signed,
    )
    read = ActFormat(bits=8, signed=True, zero_point=5)
    host = (
        HostSpec(
            name="short",
            kind="shortcut",
            sources=("input",),
            in_shape=conv.in_shape,
            out_shape=conv.out_shape,
            stride=(2, 2),
            channels_before=1,
            activations=(pixels,),
            multipliers=(1,),
            shift=0,
            output=OutFormat(signed=True, zero_point=-3, minimum=-128, maximum=127),
        ),
        HostSpec(
            name="sum",
            kind="add",
            sources=("conv", "short"),
            in_shape=conv.out_shape,
            out_shape=conv.out_shape,
            activations=(read, pixels),
            multipliers=(30000, 50000),
            shift=16,
            output=OutFormat(zero_point=2, minimum=2),
        ),
        HostSpec(
            name="average",
            kind="average_pool",
            sources=("sum",),
            in_shape=conv.out_shape,
            out_shape=(4, 1, 1),
            activations=(ActFormat(zero_point=2),),
            multipliers=(60000,),
            shift=19,
            output=OutFormat(),
        ),
    )
    scores = linear_spec(
        4,
        3,
        name="scores",
        source="average",
        output=OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    )
    made = []
    for spec in (conv, scores):
        layer = random_layer(spec, geometry, rng, ratio=0.2)
        fields = {"multiplier": np.full(spec.cols, 40000), "shift": np.full(spec.cols, 22)}
        bias = rng.integers(-3000, 3000, spec.cols)
        made.append(IntegerLayer(**{**vars(layer), **fields, "bias": bias}))
    return IntegerNetwork(
        name="residual",
        layers=tuple(made),
        input_scale=1 / 64,
        in_shape=conv.in_shape,
        host=host,
        input_mean=(0.25, 0.5),
        input_std=(0.5, 0.25),
    )


def pooling_network(geometry, *, seed=0):
    """A convolution, a maximum of windows that overlap, averages with padding, a linear layer."""
    rng = np.random.default_rng(seed)
    signed = OutFormat(bits=8, signed=True, zero_point=5, minimum=-128, maximum=127)
    conv = LayerSpec(
        name="conv",
        kind="conv2d",
        source="input",
        in_shape=(2, 7, 6),
        out_shape=(3, 7, 6),
        kernel=(3, 3),
        padding=(1, 1),
        activation=ActFormat(bits=8, signed=True, zero_point=-3),
        output=signed,
    )
    read = ActFormat(bits=8, signed=True, zero_point=5)
    host = (
        HostSpec(
            name="maximum",
            kind="max_pool",
            sources=("conv",),
            in_shape=conv.out_shape,
            out_shape=(3, 4, 3),
            kernel=(3, 3),
            stride=(2, 2),
            padding=(1, 1),
            activations=(read,),
            multipliers=(1,),
            shift=0,
            output=signed,
        ),
        HostSpec(
            name="average",
            kind="average_pool",
            sources=("maximum",),
            in_shape=(3, 4, 3),
            out_shape=(3, 2, 3),
            kernel=(2, 3),
            stride=(2, 1),
            padding=(0, 1),
            activations=(read,),
            multipliers=(43691,),
            shift=18,
            output=OutFormat(zero_point=2),
        ),
    )
    scores = linear_spec(
        18,
        3,
        name="scores",
        source="average",
        in_shape=(3, 2, 3),
        activation=ActFormat(zero_point=2),
        output=OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    )
    made = []
    for spec in (conv, scores):
        layer = random_layer(spec, geometry, rng, ratio=0.2)
        fields = {"multiplier": np.full(spec.cols, 40000), "shift": np.full(spec.cols, 24)}
        bias = rng.integers(-3000, 3000, spec.cols)
        made.append(IntegerLayer(**{**vars(layer), **fields, "bias": bias}))
    return IntegerNetwork(
        name="pooling", layers=tuple(made), input_scale=1 / 64, in_shape=conv.in_shape, host=host
    )
