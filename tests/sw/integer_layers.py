"""Random integer layers and networks, for everything that needs tables."""

import numpy as np
from hypothesis import strategies as st

from arch.fixed import ActFormat, OutFormat, weight_range
from arch.geometry import Geometry
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
