import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from arch.geometry import Geometry
from sw.networks import build
from sw.policy import policy_for
from sw.prune import finetune, kept_segments, weight_masks
from sw.reconstruct import input_correlations, reconstruct
from sw.train import accuracy

NAMES = ("conv1", "conv2", "conv3", "fc")


def masks_of(network, *, scheme="column_vector", ratio=0.7):
    geometry = Geometry()
    kept = kept_segments(network, policy_for(NAMES, scheme=scheme, ratio=ratio), geometry)
    return weight_masks(network, kept, geometry, scheme=scheme)


def test_correlations_by_hand(trained, digits):
    """Of the first layer and of the last, over images and output positions."""
    images = digits.train.images[:40]
    found = input_correlations(trained, images)
    assert set(found) == set(NAMES)
    module = trained.conv1
    columns = F.unfold(torch.from_numpy(images), module.kernel_size, padding=module.padding)
    rows = columns.transpose(1, 2).reshape(-1, module.weight[0].numel()).double()
    assert torch.allclose(found["conv1"][0].double(), rows.T @ rows, rtol=1e-4, atol=1e-3)
    seen = []
    hook = trained.fc.register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0].double()))
    with torch.no_grad():
        trained(torch.from_numpy(images))
    hook.remove()
    assert torch.allclose(found["fc"][0].double(), seen[0].T @ seen[0], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_no_other_weights_do_better(trained, digits, scheme):
    """The gradient of the damped error is zero at the weights that stay."""
    correlations = input_correlations(trained, digits.train.images)
    masks = masks_of(trained, scheme=scheme)
    network = copy.deepcopy(trained)
    reconstruct(network, masks, correlations)
    for name in NAMES:
        dense, found = (
            getattr(one, name).weight.detach().flatten(1).double() for one in (trained, network)
        )
        mask = masks[name].flatten(1) > 0
        assert not found[~mask].any()
        products = correlations[name][0].double()
        products += 0.01 * products.diagonal().mean() * torch.eye(len(products))
        gradient = (found - dense) @ products
        scale = (dense @ products).abs().max()
        assert gradient[mask].abs().max() < 1e-5 * scale
        assert gradient[~mask].abs().max() > 1e-3 * scale


def test_input_that_others_tell():
    """Of two equal inputs one is enough, if its weight takes over."""

    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1, bias=False)

        def forward(self, images):
            return self.fc(torch.flatten(images, 1))

    network = Doubled()
    with torch.no_grad():
        network.fc.weight.copy_(torch.tensor([[0.5, 0.25]]))
    images = np.repeat(np.random.default_rng(0).random((99, 1, 1, 1), np.float32), 2, axis=3)
    correlations = input_correlations(network, images)
    reconstruct(network, {"fc": torch.tensor([[0.0, 1.0]])}, correlations)
    assert network.fc.weight.tolist() == [[0.0, pytest.approx(0.75, rel=0.02)]]


def test_accuracy_without_training(trained, digits):
    """More of it is left than without choosing weights anew."""
    geometry = Geometry()
    kept = kept_segments(trained, policy_for(NAMES, scheme="column_vector", ratio=0.7), geometry)
    found = []
    for correlations in (None, input_correlations(trained, digits.train.images)):
        network = copy.deepcopy(trained)
        finetune(
            network, kept, digits, geometry, scheme="column_vector", epochs=0, seed=0,
            correlations=correlations,
        )  # fmt: skip
        found.append(accuracy(network, digits.validation))
    assert found[1] > found[0] + 0.05


def test_same_bits_and_nothing_else_changed(trained, digits):
    threads = torch.get_num_threads()
    results = []
    for _ in range(2):
        network = copy.deepcopy(trained).train()
        correlations = input_correlations(network, digits.train.images)
        assert network.training
        reconstruct(network, masks_of(trained), correlations)
        results.append(network.state_dict())
    assert all(torch.equal(one, results[1][name]) for name, one in results[0].items())
    dense = trained.state_dict()
    weights = {f"{name}.weight" for name in NAMES}
    assert all(torch.equal(dense[name], results[0][name]) for name in dense if name not in weights)
    assert torch.get_num_threads() == threads


def test_nothing_pruned_changes_next_to_nothing():
    network = build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=0).eval()
    images = np.random.default_rng(0).random((64, 1, 8, 8), np.float32)
    masks = {name: torch.ones_like(getattr(network, name).weight) for name in NAMES}
    same = copy.deepcopy(network)
    reconstruct(same, masks, input_correlations(network, images))
    for name in NAMES:
        assert torch.allclose(getattr(same, name).weight, getattr(network, name).weight, atol=1e-3)
