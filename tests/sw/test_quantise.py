import numpy as np
import pytest
import torch
from torch import nn

from arch.errors import OhmforgeError
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import SCHEMES
from sw.graph import layer_outputs, trace_network
from sw.integer_inference import accuracy, run
from sw.integer_network import encode_input
from sw.policy import policy_for
from sw.prune import finetune, kept_segments
from sw.quantise import quantise
from sw.segments import expand
from sw.train import accuracy as float_accuracy

NAMES = ("conv1", "conv2", "conv3", "fc")


def small_network(seed=0):
    """A layer without ReLU in the middle, so that signed activations occur."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, bias=False),
        nn.Flatten(),
        nn.Linear(20, 3),
    ).eval()


def random_images(count=64, seed=0):
    return np.random.default_rng(seed).random((count, 1, 8, 8)).astype(np.float32)


def test_formats():
    network = quantise(small_network(), None, random_images(), Geometry(act_bits=5), name="small")
    specs = [layer.spec for layer in network.layers]
    assert (network.name, network.in_shape, network.input_scale) == ("small", (1, 8, 8), 1 / 31)
    assert [spec.kind for spec in specs] == ["conv2d", "conv2d", "linear"]
    assert [spec.source for spec in specs] == ["input", "layer_0", "layer_2"]
    assert [spec.out_shape for spec in specs] == [(4, 4, 4), (5, 2, 2), (3, 1, 1)]
    assert (specs[0].kernel, specs[0].stride, specs[0].padding) == ((3, 3), (2, 2), (1, 1))
    unsigned, signed = ActFormat(bits=5), ActFormat(bits=5, signed=True)
    assert [spec.activation for spec in specs] == [unsigned, unsigned, signed]
    assert [spec.output for spec in specs] == [
        OutFormat(bits=5, maximum=31),
        OutFormat(bits=5, signed=True, minimum=-16, maximum=15),
        OutFormat(bits=16, signed=True, minimum=-32768, maximum=32767),
    ]


def test_pools():
    """A maximum keeps codes and their worth; an average divides by its window."""
    torch.manual_seed(1)
    pools = (nn.MaxPool2d(3, stride=2, padding=1), nn.AvgPool2d((2, 3), stride=1, padding=1))
    layers = (nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), *pools, nn.Flatten(), nn.Linear(80, 3))
    network = nn.Sequential(*layers).eval()
    images = random_images()
    integers = quantise(network, None, images, Geometry())
    largest, average = integers.host
    assert (largest.kind, largest.multipliers, largest.shift) == ("max_pool", (1,), 0)
    assert (average.kernel, average.out_shape) == ((2, 3), (4, 5, 4))
    found = run(integers, encode_input(integers, images))
    with torch.no_grad():
        steps = trace_network(network, images.shape[1:]).steps
        expected = layer_outputs(network, steps, torch.from_numpy(images))
    for operation in integers.host:
        real, integer = expected[operation.name].numpy(), found[operation.name].astype(np.float64)
        scale = (real * integer).sum() / np.square(integer).sum()
        assert np.abs(integer * scale - real).max() / real.max() < 0.02


def test_relu_after_the_last_layer_clamps_the_scores():
    network = nn.Sequential(nn.Conv2d(1, 2, 8), nn.ReLU())
    output = quantise(network, None, random_images(), Geometry()).layers[0].spec.output
    assert output == OutFormat(bits=16, signed=True, minimum=0, maximum=32767)


def test_integer_outputs_follow_the_float_outputs(trained, digits):
    """Every layer within half a percent of its range on average."""
    network = quantise(trained, None, digits.train.images, Geometry())
    images = digits.validation.images
    found = run(network, encode_input(network, images))
    with torch.no_grad():
        steps = trace_network(trained, (1, 8, 8)).steps
        expected = layer_outputs(trained, steps, torch.from_numpy(images))
    for layer in network.layers:
        real = expected[layer.spec.name].numpy().reshape(len(images), *layer.spec.out_shape)
        integer = found[layer.spec.name].astype(np.float64)
        inside = (integer > layer.spec.output.minimum) & (integer < layer.spec.output.maximum)
        scale = (real * integer)[inside].sum() / np.square(integer[inside]).sum()
        error = np.abs(integer * scale - real)[inside] / np.abs(real).max()
        assert error.mean() < 0.005
        assert error.max() < 0.05


@pytest.mark.parametrize("bits", range(2, 9))
def test_weights_fill_their_bits(trained, digits, bits):
    network = quantise(trained, None, digits.train.images[:64], Geometry(weight_bits=bits))
    high = (1 << (bits - 1)) - 1
    for layer in network.layers:
        assert np.abs(layer.weights.astype(int)).max(axis=0).tolist() == [high] * layer.spec.cols


@pytest.mark.parametrize("act_bits", range(1, 9))
def test_activations_fill_their_bits(trained, digits, act_bits):
    network = quantise(trained, None, digits.train.images, Geometry(act_bits=act_bits))
    outputs = run(network, encode_input(network, digits.validation.images))
    for name in ("conv1", "conv2", "conv3"):
        assert outputs[name].min() == 0
        assert 0.9 * ((1 << act_bits) - 1) <= outputs[name].max() < 1 << act_bits
    assert 8_000 < np.abs(outputs["fc"]).max() < 32767


@pytest.mark.parametrize(("weight_bits", "act_bits", "least"), [(8, 8, 0.98), (4, 4, 0.95)])
def test_accuracy_of_the_digits(trained, digits, weight_bits, act_bits, least):
    geometry = Geometry(weight_bits=weight_bits, act_bits=act_bits)
    assert accuracy(quantise(trained, None, digits.train.images, geometry), digits.test) >= least


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pruned_digits_lose_little(trained, digits, scheme):
    geometry = Geometry()
    dense = float_accuracy(trained, digits.test)
    kept = kept_segments(trained, policy_for(NAMES, scheme=scheme, ratio=0.7), geometry)
    finetune(trained, kept, digits, geometry, scheme=scheme, epochs=10, seed=0)
    network = quantise(trained, kept, digits.train.images, geometry, scheme=scheme)
    assert accuracy(network, digits.test) >= dense - 0.015
    for layer in network.layers:
        spec = layer.spec
        assert spec.scheme == scheme
        assert layer.kept is kept[spec.name]
        assert not layer.weights[~expand(layer.kept, spec.rows, spec.cols, scheme, geometry)].any()


def test_pruned_weights_become_zero_even_if_the_network_has_them():
    network, geometry = small_network(), Geometry()
    policy = policy_for(("layer_0", "layer_2", "layer_4"), scheme="row_vector", ratio=0.5)
    kept = kept_segments(network, policy, geometry)
    layer = quantise(network, kept, random_images(), geometry, scheme="row_vector").layers[1]
    mask = expand(layer.kept, 36, 5, "row_vector", geometry)
    assert layer.weights[mask].any()
    assert not layer.weights[~mask].any()


def test_layer_without_weights_still_adds_its_bias():
    network, geometry = small_network(), Geometry()
    policy = policy_for(
        ("layer_0", "layer_2", "layer_4"), scheme="column_vector", ratio={"layer_4": 1}
    )
    kept = kept_segments(network, policy, geometry)
    quantised = quantise(network, kept, random_images(), geometry)
    scores = run(quantised, encode_input(quantised, random_images(3)))["layer_4"][:, :, 0, 0]
    assert (scores == scores[0]).all()
    bias = network[4].bias.detach().numpy()
    assert scores[0] / np.abs(scores[0]).max() == pytest.approx(bias / np.abs(bias).max(), abs=1e-3)


def test_scores_have_room_for_twice_what_was_seen():
    network, images = small_network(), random_images()
    found = quantise(network, None, images, Geometry())
    scores = run(found, encode_input(found, images))["layer_4"]
    assert 0.98 * 16384 < np.abs(scores).max() < 1.02 * 16384


def test_layer_without_weights_and_bias():
    network, names = small_network(), ("layer_0", "layer_2", "layer_4")
    policy = policy_for(names, scheme="row_vector", ratio={"layer_2": 1})
    kept = kept_segments(network, policy, Geometry())
    found = quantise(network, kept, random_images(), Geometry(), scheme="row_vector")
    assert not run(found, encode_input(found, random_images(2)))["layer_2"].any()


def test_dead_layer():
    """All outputs of a hidden layer are zero: there is no range to calibrate."""
    network = small_network()
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].bias.fill_(-1)
    quantised = quantise(network, None, random_images(), Geometry())
    outputs = run(quantised, encode_input(quantised, random_images(2)))
    assert not outputs["layer_0"].any()


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1e6, 1e12])
def test_any_scale_of_weights_fits(factor):
    """Only the worth of a step changes when weights and biases are scaled alike."""
    network, images = small_network(), random_images()
    expected = quantise(network, None, images, Geometry())
    with torch.no_grad():
        for parameter in network[4].parameters():
            parameter.mul_(factor)
    found = quantise(network, None, images, Geometry())
    codes = encode_input(found, images)
    difference = run(found, codes)["layer_4"] - run(expected, codes)["layer_4"]
    assert np.abs(difference).max() <= 2


def test_bias_far_beyond_the_weights_fits():
    network = small_network()
    with torch.no_grad():
        network[4].weight.mul_(1e-9)
        network[4].bias.copy_(torch.tensor([1.0, -2.0, 4.0]))
    layer = quantise(network, None, random_images(), Geometry()).layers[2]
    ratio = (layer.bias * layer.multiplier) / 2.0**layer.shift
    assert ratio / ratio[0] == pytest.approx([1, -2, 4], rel=1e-3)


def test_same_input_gives_the_same_network(trained, digits):
    first, again = (quantise(trained, None, digits.train.images, Geometry()) for _ in range(2))
    for one, two in zip(first.layers, again.layers, strict=True):
        assert one.spec == two.spec
        for field in ("weights", "kept", "multiplier", "shift", "bias"):
            assert np.array_equal(getattr(one, field), getattr(two, field))


def test_network_is_not_changed(trained, digits):
    before = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    trained.train()
    quantise(trained, None, digits.train.images[:50], Geometry())
    assert trained.training
    assert all(torch.equal(before[name], t) for name, t in trained.state_dict().items())


def test_wrong_arguments():
    network, images = small_network(), random_images()
    with pytest.raises(ValueError, match="images must have a shape"):
        quantise(network, None, images[:0], Geometry())
    with pytest.raises(ValueError, match="must be given for layer_0, layer_2, layer_4, not for x"):
        quantise(network, {"x": np.ones((1, 1), bool)}, images, Geometry())
    policy = policy_for(("layer_0", "layer_2", "layer_4"), scheme="row_vector", ratio=0.5)
    kept = kept_segments(network, policy, Geometry())
    with pytest.raises(ValueError, match="layer layer_0: kept must have shape"):
        quantise(network, kept, images, Geometry(), scheme="column_vector")


def test_wrong_weights():
    network = small_network()
    with torch.no_grad():
        network[2].weight[0, 0, 0, 0] = torch.inf
    with pytest.raises(ValueError, match="layer layer_2: weights must be finite") as caught:
        quantise(network, None, random_images(), Geometry())
    assert not isinstance(caught.value, OhmforgeError)


def test_what_is_made_of_unsigned_values_is_unsigned():
    class Sums(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)
            self.out = nn.Linear(72, 3)

        def forward(self, x):
            one = torch.relu(self.one(x))
            return self.out((one + torch.relu(self.two(x))).flatten(1))

    integers = quantise(Sums().eval(), None, random_images(), Geometry())
    assert not integers.host[0].output.signed
    assert integers.host[0].output.maximum == 255
