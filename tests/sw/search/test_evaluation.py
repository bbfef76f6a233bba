import copy

import numpy as np
import pytest
import torch

from arch.geometry import Geometry
from sw.datasets import Dataset, spread
from sw.prune import finetune
from sw.search.choices import network_choices
from sw.search.evaluation import Evaluation, Evaluator
from sw.train import DivergedError, Recipe, accuracy

GEOMETRY = Geometry()


@pytest.fixture
def layers(trained, digits):
    return network_choices(trained, digits.in_shape, GEOMETRY, scheme="column_vector")


def test_is_what_pruning_reaches(trained, digits, layers):
    before = copy.deepcopy(trained.state_dict())
    kept = [one.kept(0.6) for one in layers]
    found = Evaluator(trained, layers, digits, seed=3).evaluate(kept, epochs=2, whole=True)
    after = trained.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    masks = {one.name: one.mask(number) for one, number in zip(layers, kept, strict=True)}
    finetune(trained, masks, digits, GEOMETRY, scheme="column_vector", epochs=2, seed=3)
    assert found.accuracy == accuracy(trained, digits.validation)
    assert found.seconds > 0


def test_same_policy_same_accuracy(trained, digits, layers):
    kept = [one.kept(0.9) for one in layers]
    evaluator = Evaluator(trained, layers, digits, seed=0, finetune_images=200)
    values = {evaluator.evaluate(kept, epochs=1).accuracy for _ in range(2)}
    assert len(values) == 1
    assert evaluator.evaluate(kept, epochs=0).accuracy not in values
    # All images tell more than 200.
    assert evaluator.evaluate(kept, epochs=1, whole=True).accuracy > max(values)


def test_short_and_whole_fine_tuning_have_recipes_of_their_own(trained, digits, layers):
    kept = [one.kept(0.9) for one in layers]
    recipe = Recipe(learning_rate=0.02)
    common = {"seed": 0, "finetune_images": 200}
    alike = Evaluator(trained, layers, digits, recipe=recipe, **common)
    apart = Evaluator(
        trained,
        layers,
        digits,
        recipe=recipe,
        short_recipe=Recipe(learning_rate=0.02, batch_size=16),
        **common,
    )
    few = [one.evaluate(kept, epochs=1).divergence for one in (alike, apart)]
    assert few[1] < few[0]  # Small batches are more steps.
    whole = [one.evaluate(kept, epochs=1, whole=True).accuracy for one in (alike, apart)]
    assert whole[0] == whole[1]


def test_calibration_images_decide_batch_normalisation(trained, digits, layers):
    kept = [one.kept(0.8) for one in layers]

    def value(images):
        evaluator = Evaluator(trained, layers, digits, seed=0, calibration_images=images)
        return evaluator.evaluate(kept, epochs=0).accuracy

    assert value(2) < value(512)


def test_dense(trained, digits, layers):
    few = spread(digits.validation, 50)
    evaluator = Evaluator(trained, layers, digits, seed=0, validation_images=50)
    dense = evaluator.dense_accuracy()
    assert dense.whole == accuracy(trained, digits.validation)
    assert dense.short == accuracy(trained, few)


def test_validation_images(trained, digits, layers):
    """A short evaluation sees few images, the whole one all."""
    evaluator = Evaluator(trained, layers, digits, seed=0, validation_images=50)
    kept = [one.kept(0.8) for one in layers]
    short = evaluator.evaluate(kept, epochs=0).accuracy * 50
    assert short == pytest.approx(round(short))
    whole = evaluator.evaluate(kept, epochs=0, whole=True).accuracy * len(digits.validation)
    assert whole == pytest.approx(round(whole))
    assert whole / len(digits.validation) * 50 != pytest.approx(short)


class Untouchable:
    """A test split that nobody may look at."""

    def __getattr__(self, name):
        raise AssertionError(f"the search looked at {name} of the test split")

    def __len__(self):
        raise AssertionError("the search counted the test split")


def guarded(digits):
    """The digits with a test split that fails the test when it is touched."""
    dataset = copy.copy(digits)
    object.__setattr__(dataset, "test", Untouchable())
    return dataset


def test_test_split_is_never_touched(trained, digits, layers):
    evaluator = Evaluator(trained, layers, guarded(digits), seed=0)
    evaluator.dense_accuracy()
    for whole in (False, True):
        evaluator.evaluate([one.kept(0.5) for one in layers], epochs=1, whole=whole)
    with pytest.raises(AssertionError, match="looked at images of the test split"):
        accuracy(trained, guarded(digits).test)


def test_spread(digits):
    few = spread(digits.train, 10)
    assert len(few) == 10
    assert np.array_equal(few.images[0], digits.train.images[0])
    assert np.array_equal(few.images[-1], digits.train.images[-1])
    assert spread(digits.train, 10**6) is digits.train
    assert isinstance(digits, Dataset)
    with pytest.raises(ValueError, match="at least one image, not 0"):
        spread(digits.train, 0)


@pytest.mark.parametrize("whole", [False, True])
def test_policy_that_prunes_nothing_is_the_dense_network(trained, digits, layers, whole):
    """As for the stage that prunes, which fine-tunes nothing then: nothing is lost by chance."""
    evaluator = Evaluator(trained, layers, digits, seed=0, validation_images=50)
    found = evaluator.evaluate([one.segments for one in layers], epochs=1, whole=whole)
    dense = evaluator.dense_accuracy()
    assert found.accuracy == (dense.whole if whole else dense.short)


def diverge(network, *arguments, **options):
    raise DivergedError("training diverged in epoch 1: lower the learning rate")


def diverge_in_the_last_step(network, *arguments, **options):
    """The loss was finite until then."""
    with torch.no_grad():
        network.fc.weight.fill_(3e38)


@pytest.mark.parametrize("train", [diverge, diverge_in_the_last_step])
def test_policy_that_makes_the_training_diverge(trained, digits, layers, monkeypatch, train):
    """It is a bad policy in the search; in the end it says that the learning rate is wrong."""
    monkeypatch.setattr("sw.search.evaluation.finetune", train)
    evaluator = Evaluator(trained, layers, digits, seed=0)
    kept = [one.kept(0.5) for one in layers]
    found = evaluator.evaluate(kept, epochs=1)
    assert found.accuracy == 0
    assert found.drop(0.9, "divergence") > 10
    with pytest.raises(DivergedError, match="lower the learning rate"):
        evaluator.evaluate(kept, epochs=1, whole=True)


def test_what_is_lost(trained, digits, layers):
    evaluator = Evaluator(trained, layers, digits, seed=0, finetune_images=200)
    dense = evaluator.dense_accuracy()
    nothing = evaluator.evaluate([one.segments for one in layers], epochs=1)
    little, much = (
        evaluator.evaluate([one.kept(ratio) for one in layers], epochs=1) for ratio in (0.5, 0.9)
    )
    assert nothing.drop(dense.short, "divergence") == pytest.approx(0, abs=1e-9)
    assert 0 < little.drop(dense.short, "divergence") < much.drop(dense.short, "divergence")
    assert much.drop(dense.short) == dense.short - much.accuracy > 0
    whole = evaluator.evaluate([one.kept(0.5) for one in layers], epochs=1, whole=True)
    assert whole.drop(dense.whole) == dense.whole - whole.accuracy
    assert 0 < whole.divergence < little.divergence  # It was trained longer.
    with pytest.raises(ValueError, match="the divergence was not measured"):
        Evaluation(accuracy=0.5, seconds=1.0).drop(0.9, "divergence")
