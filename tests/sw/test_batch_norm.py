import numpy as np
import pytest
import torch
from torch import nn

from sw.batch_norm import fold, reestimate_batch_norm
from sw.graph import trace_network


def random_statistics(norm, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
        if tensor is not None:
            tensor.data.uniform_(0.5, 2, generator=generator)


def only_layer(network, in_shape):
    (layer,) = trace_network(network, in_shape).layers
    return layer


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_folded_convolution_is_the_same_function(bias, affine):
    conv, norm = nn.Conv2d(3, 4, (2, 3), bias=bias), nn.BatchNorm2d(4, affine=affine)
    random_statistics(norm)
    network = nn.Sequential(conv, norm).eval()
    images = torch.rand(2, 3, 2, 3)
    weights, offset = fold(only_layer(network, (3, 2, 3)))
    assert weights.dtype == offset.dtype == np.float64
    # One window: the image itself, flattened in im2col order.
    found = images.reshape(2, -1).double().numpy() @ weights + offset
    assert found == pytest.approx(network(images).detach().numpy().reshape(2, 4), abs=1e-5)


def test_fold_of_a_constant_channel():
    """Its variance is 0; what torch adds to it decides."""
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1, eps=0.25)).eval()
    network[1].running_var.zero_()
    assert fold(only_layer(network, (1, 1, 1)))[0].item() == 2 * network[0].weight.item()


def test_fold_without_batch_norm():
    linear = nn.Linear(3, 2)
    weights, bias = fold(only_layer(nn.Sequential(linear), (3,)))
    assert np.array_equal(weights, linear.weight.detach().numpy().T.astype(np.float64))
    assert np.array_equal(bias, linear.bias.detach().numpy().astype(np.float64))


def test_wrong_values():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    network[1].running_var[1] = torch.inf
    network[1].running_mean[1] = torch.nan
    with pytest.raises(ValueError, match="layer layer_0: weights must be finite"):
        fold(only_layer(network, (1, 2, 2)))
    network[1] = nn.BatchNorm2d(2, track_running_stats=False)
    with pytest.raises(ValueError, match="keeps no statistics"):
        fold(only_layer(network, (1, 2, 2)))


def test_reestimated_statistics_are_those_of_the_images():
    network = nn.Sequential(nn.BatchNorm2d(2)).eval()
    random_statistics(network[0])
    network[0].num_batches_tracked.fill_(100)
    images = np.random.default_rng(0).random((300, 2, 4, 4)).astype(np.float32)
    reestimate_batch_norm(network, images)
    assert network[0].running_mean.numpy() == pytest.approx(images.mean(axis=(0, 2, 3)), rel=1e-3)
    assert network[0].running_var.numpy() == pytest.approx(images.var(axis=(0, 2, 3)), rel=1e-2)
    assert network[0].momentum == 0.1
    assert not network.training


def test_too_few_images():
    with pytest.raises(ValueError, match="at least two images, not 1"):
        reestimate_batch_norm(nn.BatchNorm2d(1), np.zeros((1, 1, 1, 1), np.float32))


def test_statistics_are_those_without_dropout():
    """The network that they are for drops nothing; torch's own generator is left alone."""
    images = np.random.default_rng(0).random((40, 1, 4, 4), dtype=np.float32)
    found = []
    for share in (0.0, 0.9):
        network = nn.Sequential(nn.Dropout(share), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        nn.init.constant_(network[1].weight, 0.1)
        nn.init.zeros_(network[1].bias)
        state = torch.get_rng_state()
        reestimate_batch_norm(network, images)
        assert torch.equal(torch.get_rng_state(), state)
        assert network[0].training
        found.append((network[2].running_mean, network[2].running_var))
    assert all(map(torch.equal, *found))
