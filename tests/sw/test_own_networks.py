"""Networks as people bring them: from floats to integers that follow them."""

import numpy as np
import pytest
import torch

from arch.geometry import Geometry
from sw.graph import layer_outputs, trace, trace_network
from sw.integer_inference import run
from sw.integer_network import encode_input, load_integer_network, save_integer_network
from sw.policy import policy_for
from sw.prune import kept_segments, weight_masks
from sw.quantise import quantise
from tests.sw.own_networks import IN_SHAPE, NETWORKS, own_network
from tests.sw.traced_floats import run_floats

EVERY = pytest.mark.parametrize("name", NETWORKS)


def images(count=48):
    return np.random.default_rng(3).random((count, *IN_SHAPE), dtype=np.float32)


@EVERY
def test_layer_graph_is_the_same_function(name):
    """Whatever was folded: in floats every step is what the network computes there."""
    network = own_network(name)
    traced = trace_network(network, IN_SHAPE)
    pixels = torch.from_numpy(images(8))
    found = run_floats(traced, pixels)
    with torch.no_grad():
        expected = layer_outputs(network, traced.steps, pixels)
        scores = network(pixels)
    for step in traced.steps:
        if getattr(step, "part", False) and step.name != "concat":
            continue  # a part of what its node gives
        real = expected[step.name].reshape(found[step.name].shape).double()
        assert torch.allclose(found[step.name], real, atol=1e-4), step.name
    last = traced.steps[-1].name
    assert torch.allclose(found[last].flatten(1), scores.double(), atol=1e-4)


@EVERY
def test_integers_follow_the_floats(name):
    network = own_network(name)
    pixels = images()
    integers = quantise(network, None, pixels, Geometry())
    outputs = run(integers, encode_input(integers, pixels))
    floats = run_floats(trace_network(network, IN_SHAPE), torch.from_numpy(pixels))
    for step, found in outputs.items():
        real = floats[step].numpy().reshape(-1)
        integer = found.reshape(-1).astype(np.float64)
        assert np.corrcoef(integer, real)[0, 1] > 0.998, step
        # One scale for all, and 0 is 0.
        scale = (real * integer).sum() / np.square(integer).sum()
        assert np.abs(integer * scale - real).mean() < 0.01 * np.abs(real).max(), step


def test_limits_are_codes():
    """ReLU6 clips where 6 is; limits on both sides of 0 are the nearest codes."""
    network = own_network("mobile")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data *= 20
    pixels = images()
    integers = quantise(network, None, pixels, Geometry())
    depth = run(integers, encode_input(integers, pixels))["depth_0"]
    floats = run_floats(trace_network(network, IN_SHAPE), torch.from_numpy(pixels))["depth_0"]
    clipped = floats.numpy() == 6
    assert 0.1 < clipped.mean() < 0.9
    assert depth.max() == 255
    assert (depth[clipped] == 255).mean() > 0.95
    stem = quantise(own_network("residual"), None, pixels, Geometry()).layer("stem").spec.output
    assert stem.signed
    assert (stem.minimum, stem.maximum) == (-64, 127)  # half of 127, and 127


def segments_by_hand(layer, scheme, geometry):
    """Segments that hold a weight of the layer, found weight by weight."""
    cols, own_rows = len(layer.module.weight), layer.module.weight[0].numel()
    size = (geometry.ou_rows, 1) if scheme == "column_vector" else (1, geometry.ou_weights)
    grid = (-(-own_rows * layer.groups // size[0]), -(-cols // size[1]))
    there = np.zeros(grid, dtype=bool)
    for col in range(cols):
        group = col * layer.groups // cols
        for row in range(group * own_rows, (group + 1) * own_rows):
            there[row // size[0], col // size[1]] = True
    return there


@EVERY
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_ratio_is_of_the_segments_that_there_are(name, scheme):
    network, geometry = own_network(name), Geometry()
    names = [layer.name for layer in trace(network)]
    kept = kept_segments(network, policy_for(names, scheme=scheme, ratio=0.5), geometry)
    masks = weight_masks(network, kept, geometry, scheme=scheme)
    for layer in trace(network):
        weights = layer.module.weight
        assert masks[layer.name].shape == weights.shape
        there = segments_by_hand(layer, scheme, geometry)
        assert np.count_nonzero(kept[layer.name]) == there.sum() // 2
        assert not (kept[layer.name] & ~there).any()
    integers = quantise(network, kept, images(), geometry, scheme=scheme)
    for layer in trace(network):
        stored = integers.layer(layer.name)
        assert np.count_nonzero(stored.weights) <= masks[layer.name].sum()
        assert stored.spec.groups == layer.groups


def test_groups_are_saved_and_loaded(tmp_path):
    integers = quantise(own_network("mobile"), None, images(), Geometry())
    save_integer_network(integers, tmp_path / "n.safetensors")
    loaded = load_integer_network(tmp_path / "n.safetensors")
    assert [layer.spec for layer in loaded.layers] == [layer.spec for layer in integers.layers]
    assert loaded.layer("depth_0").spec.groups == 10
