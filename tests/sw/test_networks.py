import pytest
import torch

from sw.networks import build, mappable


def make(seed=0, **changes):
    return build(
        **({"name": "digits_cnn", "in_shape": (1, 8, 8), "classes": 10, "seed": seed} | changes)
    )


def test_digits_cnn_layers():
    layers = dict(mappable(make()))
    assert list(layers) == ["conv1", "conv2", "conv3", "fc"]
    kernels = [layers[name].kernel_size for name in ("conv1", "conv2", "conv3")]
    assert kernels == [(3, 3)] * 3
    assert [layers[name].stride[0] for name in ("conv1", "conv2", "conv3")] == [1, 2, 1]
    assert layers["fc"].in_features == 32 * 4 * 4


@pytest.mark.parametrize("name", ["digits_cnn", "lenet5"])
def test_odd_sizes_fit(name):
    for size in ((7, 5), (4, 4), (28, 29)):
        network = make(name=name, in_shape=(3, *size), classes=4)
        assert network(torch.zeros(2, 3, *size)).shape == (2, 4)


def test_seed_decides_the_weights():
    first, again, other = (make(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv2.weight"], other["conv2.weight"])


def test_global_generator_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    make()
    assert torch.equal(torch.rand(1), expected)


def test_wrong_name():
    with pytest.raises(
        ValueError, match=r"must be one of digits_cnn, lenet5, resnet20, .*not 'lenet'"
    ):
        make(name="lenet")


@pytest.mark.parametrize("changes", [{"in_shape": (1, 0, 8)}, {"classes": 0}])
def test_wrong_size(changes):
    with pytest.raises(ValueError, match="sizes must be positive"):
        make(**changes)
