import copy
import dataclasses

import numpy as np
import pytest
import torch

from arch.errors import InputError
from arch.geometry import Geometry
from arch.layer import SCHEMES
from sw.networks import mappable
from sw.policy import Policy, policy_for
from sw.prune import finetune, kept_segments, weight_masks
from sw.train import Recipe, accuracy

NAMES = ("conv1", "conv2", "conv3", "fc")
GEOMETRIES = [Geometry(), Geometry(ou_rows=4, ou_cols=16, weight_bits=4)]


def kept_of(network, scheme, geometry, ratio=0.7):
    return kept_segments(network, policy_for(NAMES, scheme=scheme, ratio=ratio), geometry)


def matrix(module):
    """W[R, C], row by row with loops: channel, kernel row, kernel column."""
    weight = module.weight.detach()
    if weight.ndim == 2:
        return weight.T.numpy()
    outs, ins, height, width = weight.shape
    rows = [
        [weight[c, i, y, x].item() for c in range(outs)]
        for i in range(ins)
        for y in range(height)
        for x in range(width)
    ]
    return np.array(rows)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_kept_segments_have_the_largest_norms(trained, scheme, geometry):
    kept = kept_of(trained, scheme, geometry)
    assert tuple(kept) == NAMES
    for name, module in mappable(trained):
        weights = matrix(module)
        step = geometry.ou_rows if scheme == "column_vector" else geometry.ou_weights
        lines = weights if scheme == "column_vector" else weights.T
        norms = [
            np.linalg.norm(lines[start : start + step], axis=0)
            for start in range(0, len(lines), step)
        ]
        norms = np.array(norms) if scheme == "column_vector" else np.array(norms).T
        assert kept[name].shape == norms.shape
        assert norms[kept[name]].min() >= norms[~kept[name]].max()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_share_over_the_network(trained, scheme):
    kept = kept_of(trained, scheme, Geometry())
    total = sum(mask.size for mask in kept.values())
    assert 0.29 < sum(mask.sum() for mask in kept.values()) / total <= 0.30


def test_ratio_by_layer(trained):
    ratios = {"conv1": 0.0, "conv2": 1.0, "conv3": 0.25, "fc": 0.5}
    kept = kept_segments(trained, Policy(scheme="row_vector", ratios=ratios), Geometry())
    shares = {name: 1 - mask.mean() for name, mask in kept.items()}
    assert shares == pytest.approx(ratios)


def test_masks_lie_as_the_weights_do(trained):
    geometry = Geometry()
    kept = {
        name: np.zeros_like(mask)
        for name, mask in kept_of(trained, "column_vector", geometry).items()
    }
    kept["conv2"][5, 7] = True  # rows 45 to 53: the 3 x 3 kernel of channel 5, output 7
    kept["fc"][1, 3] = True  # rows 9 to 17
    masks = weight_masks(trained, kept, geometry, scheme="column_vector")
    assert {n: m.shape for n, m in masks.items()} == {
        n: m.weight.shape for n, m in mappable(trained)
    }
    assert torch.nonzero(masks["conv2"].sum(dim=(2, 3))).tolist() == [[7, 5]]
    assert masks["conv2"].sum() == 9
    assert torch.nonzero(masks["fc"]).tolist() == [[3, row] for row in range(9, 18)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mask_holds_through_every_epoch(trained, digits, scheme):
    geometry = Geometry()
    kept = kept_of(trained, scheme, geometry)
    masks = weight_masks(trained, kept, geometry, scheme=scheme)
    before = trained.conv3.weight.detach().clone()
    calls = []

    def check(*_):
        calls.append(1)
        for name, module in mappable(trained):
            assert (module.weight[masks[name] == 0] == 0).all()

    finetune(trained, kept, digits, geometry, scheme=scheme, epochs=2, seed=0, on_epoch=check)
    check()
    assert len(calls) == 3
    assert not torch.equal(trained.conv3.weight, before * masks["conv3"])


def test_mask_holds_after_every_step(trained, digits, monkeypatch):
    seen = []

    def spy(network, dataset, *, after_step, **options):
        with torch.no_grad():
            network.conv3.weight.fill_(1)
        after_step()
        seen.append(network.conv3.weight.detach().clone())

    monkeypatch.setattr("sw.prune.train", spy)
    kept = kept_of(trained, "column_vector", Geometry())
    masks = weight_masks(trained, kept, Geometry(), scheme="column_vector")
    finetune(trained, kept, digits, Geometry(), scheme="column_vector", epochs=1, seed=0)
    assert torch.equal(seen[0], masks["conv3"])


def test_no_epochs_prune_and_reestimate(trained, digits):
    kept = kept_of(trained, "column_vector", Geometry())
    weight, mean = trained.conv3.weight.detach().clone(), trained.bn3.running_mean.clone()
    finetune(trained, kept, digits, Geometry(), scheme="column_vector", epochs=0, seed=0)
    masks = weight_masks(trained, kept, Geometry(), scheme="column_vector")
    assert torch.equal(trained.conv3.weight, weight * masks["conv3"])
    assert not torch.equal(trained.bn3.running_mean, mean)


def test_finetuning_repeats_and_helps(trained, digits):
    results = []
    kept = kept_of(trained, "column_vector", Geometry())
    for epochs, seed in ((0, 0), (3, 0), (3, 0), (3, 1)):
        network = copy.deepcopy(trained)
        finetune(
            network, kept, digits, Geometry(), scheme="column_vector", epochs=epochs, seed=seed
        )
        results.append((network.fc.weight.detach(), accuracy(network, digits.validation)))
    assert torch.equal(results[1][0], results[2][0])
    assert not torch.equal(results[1][0], results[3][0])
    assert results[1][1] > results[0][1]


def test_policy_of_another_network(trained):
    policy = Policy(scheme="column_vector", ratios={"conv1": 0.5})
    with pytest.raises(InputError, match="lacks a ratio for layer conv2"):
        kept_segments(trained, policy, Geometry())


def test_wrong_weights(trained):
    with torch.no_grad():
        trained.conv2.weight[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="layer conv2: weights must be finite"):
        kept_of(trained, "column_vector", Geometry())


def test_wrong_kept(trained):
    kept = kept_of(trained, "column_vector", Geometry())
    with pytest.raises(ValueError, match="layer conv1: kept must have shape"):
        weight_masks(trained, kept, Geometry(), scheme="row_vector")
    with pytest.raises(ValueError, match="must be given for conv1, conv2, conv3, fc, not for fc"):
        weight_masks(trained, {"fc": kept["fc"]}, Geometry(), scheme="column_vector")


def test_distillation_learns_from_the_dense_network(trained, digits):
    """With labels that tell nothing, only the teacher can bring the accuracy back."""
    geometry = Geometry()
    kept = kept_of(trained, "column_vector", geometry)
    labels = np.random.default_rng(0).permutation(digits.train.labels)
    wrong = dataclasses.replace(digits, train=dataclasses.replace(digits.train, labels=labels))
    found = []
    for distillation in (0.0, 1.0):
        network = copy.deepcopy(trained)
        finetune(
            network, kept, wrong, geometry, scheme="column_vector", epochs=2, seed=0,
            recipe=Recipe(distillation=distillation),
        )  # fmt: skip
        found.append(accuracy(network, digits.validation))
    assert found[0] < 0.5
    assert found[1] > 0.95
