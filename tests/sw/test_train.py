import dataclasses

import numpy as np
import pytest
import torch

from arch.errors import InputError
from sw.datasets import Split
from sw.networks import build
from sw.train import Recipe, accuracy, train


def few(digits, count=96):
    """The digits with a small training split."""
    part = Split(images=digits.train.images[:count], labels=digits.train.labels[:count])
    return dataclasses.replace(digits, train=part)


def make(seed=0):
    return build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=seed)


def weights_after(digits, *, seed, **recipe):
    network = make()
    train(network, few(digits), epochs=2, seed=seed, recipe=Recipe(**recipe))
    return torch.cat([tensor.flatten().double() for tensor in network.state_dict().values()])


def test_reaches_98_percent(trained, digits):
    assert accuracy(trained, digits.test) >= 0.98


def test_same_seed_gives_the_same_bits(digits):
    first = weights_after(digits, seed=5)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    torch.manual_seed(99)
    try:
        assert torch.equal(weights_after(digits, seed=5), first)
    finally:
        torch.set_num_threads(threads)
    assert not torch.equal(weights_after(digits, seed=6), first)


@pytest.mark.parametrize(
    "option",
    [{"learning_rate": 0.01}, {"batch_size": 10}, {"weight_decay": 0.0}, {"label_smoothing": 0.0}],
)
def test_every_option_counts(digits, option):
    assert not torch.equal(weights_after(digits, seed=5), weights_after(digits, seed=5, **option))


def test_global_state_is_left_alone(digits):
    torch.manual_seed(3)
    before = torch.get_rng_state(), torch.get_num_threads()
    weights_after(digits, seed=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not torch.are_deterministic_algorithms_enabled()


def test_on_epoch_is_told_the_progress(digits):
    network, calls = make(), []
    train(network, few(digits), epochs=3, seed=0, on_epoch=lambda *args: calls.append(args))
    assert [number for number, _, _ in calls] == [1, 2, 3]
    assert calls[-1][1] < calls[0][1]
    assert calls[-1][2] == accuracy(network, digits.validation)
    assert not network.training


def test_no_epochs_change_nothing(digits):
    network, same = make(), make()
    train(network, digits, epochs=0, seed=0)
    pairs = zip(network.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_nothing_to_train(digits):
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=0).requires_grad_(False)
    train(network, digits, epochs=0, seed=0)
    with pytest.raises(InputError, match=r"^no weight of the network can be trained: "):
        train(network, digits, epochs=1, seed=0)


def test_divergence_is_reported(digits):
    with pytest.raises(InputError, match="diverged in epoch 1: lower the learning rate"):
        train(make(), few(digits), epochs=2, seed=0, recipe=Recipe(learning_rate=1e30))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1 and learning_rate above 0"),
        ({"learning_rate": 0.0}, "learning_rate above 0, not 64 and 0.0"),
        ({"learning_rate": np.nan}, "learning_rate above 0, not 64 and nan"),
        ({"variations": "zoom"}, "variations must be affine, crop_flip, none, not 'zoom'"),
        ({"distillation": -0.1}, "distillation must be 0 to 1, not -0.1"),
        ({"distillation": 1.1}, "distillation must be 0 to 1, not 1.1"),
    ],
)
def test_wrong_recipe(wrong, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**wrong)


def test_wrong_arguments(digits):
    with pytest.raises(ValueError, match="epochs must be at least 0, not -1"):
        train(make(), digits, epochs=-1, seed=0)
    with pytest.raises(ValueError, match="distillation needs a teacher"):
        train(make(), digits, epochs=1, seed=0, recipe=Recipe(distillation=0.5))


def test_accuracy_is_a_share_and_changes_nothing():
    class FirstPixel(torch.nn.Module):
        def forward(self, images):
            assert not self.training
            return torch.stack([1 - images[:, 0, 0, 0], images[:, 0, 0, 0]], dim=1)

    images = np.array([0, 0, 1, 1], np.float32).reshape(4, 1, 1, 1)
    network = FirstPixel().train()
    assert accuracy(network, Split(images=images, labels=np.array([0, 1, 1, 1]))) == 0.75
    assert network.training


def test_dropout_draws_from_the_seed(digits):
    """Whatever torch's own generator drew before, and it goes on from there."""
    layers = torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(64, 10)
    found = []
    for before in (1, 2):
        network = torch.nn.Sequential(*layers)
        torch.nn.init.constant_(network[2].weight, 0.01)
        torch.nn.init.zeros_(network[2].bias)
        torch.manual_seed(before)
        state = torch.get_rng_state()
        train(network, few(digits), epochs=1, seed=5)
        assert torch.equal(torch.get_rng_state(), state)
        found.append(network[2].weight.detach().clone())
    assert torch.equal(*found)
