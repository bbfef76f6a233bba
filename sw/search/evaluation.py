"""What a policy does to the accuracy: on validation data, after a short recovery."""

import contextlib
import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from sw.compute import pick_device
from sw.datasets import Dataset, Split, spread
from sw.divergence import divergence
from sw.prune import finetune
from sw.reconstruct import input_correlations
from sw.search.choices import LayerChoices
from sw.train import (
    DEFAULT_RECIPE,
    DivergedError,
    Recipe,
    class_scores,
    share_right,
)
from sw.weights import save_network

__all__ = ["FEEDBACKS", "DenseAccuracy", "Evaluation", "Evaluator"]

FEEDBACKS = ("divergence", "accuracy")
"""What a short evaluation is judged by."""
_NO_LIKENESS = 100.0
"""Divergence of a network that could not be trained: more than any other has."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What one evaluation found, and what it took.

    Parameters
    ----------
    accuracy : float
        On the validation split, 0 to 1.
    seconds : float
        Time that the evaluation took.
    divergence : float or None
        Of the scores from those of the dense network on the same images, see
        :mod:`sw.divergence`; None if it was not measured.
    """

    accuracy: float
    seconds: float
    divergence: float | None = None

    def drop(self, dense_accuracy: float, feedback: str = "accuracy") -> float:
        """What is lost against the dense network.

        Parameters
        ----------
        dense_accuracy : float
            Of the dense network, on the same images.
        feedback : str
            One of :data:`FEEDBACKS`: whether this is accuracy as a fraction, or the divergence.
        """
        if feedback == "accuracy":
            return dense_accuracy - self.accuracy
        if self.divergence is None:
            raise ValueError("the divergence was not measured")
        return self.divergence


@dataclass(frozen=True, kw_only=True)
class DenseAccuracy:
    """Accuracy of the dense network, 0 to 1.

    Parameters
    ----------
    short : float
        On the images, and in the precision, of short evaluations.
    whole : float
        On all validation images, in float32.
    """

    short: float
    whole: float


class Evaluator:
    """Measures policies of one dense network; every policy in the same way and with the same seed.

    The network is copied, masked, fine-tuned with the mask held, and its batch normalisation is
    estimated anew on fixed images; then the validation split is classified. A policy that prunes
    nothing is the dense network as it is. The test split is not taken over, so nothing here can
    look at it.

    Parameters
    ----------
    network : Module
        The trained dense network; not changed.
    layers : sequence of LayerChoices
        Its layers.
    dataset : Dataset
        Training and validation splits are used.
    seed : int
        Order and variations of the images in fine-tuning.
    recipe : Recipe
        How a step of the whole fine-tuning is made, which the winner gets.
    short_recipe : Recipe, optional
        How a step of the short fine-tuning is made; as ``recipe`` unless stated.
    calibration_images : int
        Training images for batch normalisation, evenly spread; all if there are fewer.
    finetune_images, final_images : int, optional
        Training images of a pass of short and of whole fine-tuning, evenly spread; all unless
        stated.
    validation_images : int, optional
        Validation images of a short evaluation, evenly spread; all unless stated.
    reconstruct : bool
        Whether the weights that stay are chosen anew, see :mod:`sw.reconstruct`.
    device : str
        One of :data:`sw.compute.DEVICES`.
    """

    def __init__(
        self,
        network: nn.Module,
        layers: Sequence[LayerChoices],
        dataset: Dataset,
        *,
        seed: int,
        recipe: Recipe = DEFAULT_RECIPE,
        short_recipe: Recipe | None = None,
        calibration_images: int = 512,
        finetune_images: int | None = None,
        final_images: int | None = None,
        validation_images: int | None = None,
        reconstruct: bool = False,
        device: str = "cpu",
    ) -> None:
        self._device = pick_device(device)
        self._network = copy.deepcopy(network).to(self._device)
        self._layers = tuple(layers)
        self._seed = seed
        self._recipe = recipe
        self._short_recipe = short_recipe or recipe
        self._whole = _without_test(
            dataset, spread(dataset.train, final_images), dataset.validation
        )
        self._few = _without_test(
            dataset,
            spread(dataset.train, finetune_images),
            spread(dataset.validation, validation_images),
        )
        self._calibration = spread(dataset.train, calibration_images).images
        self._correlations = (
            input_correlations(self._network, self._whole.train.images) if reconstruct else None
        )
        self._dense_scores = {
            whole: self._scores(self._network, whole=whole) for whole in (False, True)
        }

    def dense_accuracy(self) -> DenseAccuracy:
        """What the dense network reaches, measured as policies are."""
        return DenseAccuracy(
            short=share_right(self._dense_scores[False], self._few.validation.labels),
            whole=share_right(self._dense_scores[True], self._whole.validation.labels),
        )

    def evaluate(
        self, kept: Sequence[int], *, epochs: int, whole: bool = False, save: Path | None = None
    ) -> Evaluation:
        """Accuracy of the network with ``kept`` segments in each layer.

        Parameters
        ----------
        epochs : int
            Passes of fine-tuning; 0 for none.
        whole : bool
            Whether fine-tuning and batch normalisation are those of the stage that prunes at the
            end, and accuracy is that of every validation image.
        save : Path, optional
            Where the weights go that the network has then.

        Raises
        ------
        :exc:`sw.train.DivergedError`
            If the whole fine-tuning diverges, in its loss or in what comes out of it. A policy that
            makes a short one diverge keeps no accuracy.
        """
        begin = time.monotonic()
        if whole:
            # If this diverges, the learning rate is at fault, not one policy.
            network = self._pruned(kept, self._whole, self._recipe, epochs=epochs, calibration=None)
            if save is not None:
                with contextlib.suppress(ValueError):  # Weights that are not finite never win.
                    save_network(network, save)
            value, apart = self._compared(network, whole=True)
        else:
            try:
                network = self._pruned(
                    kept,
                    self._few,
                    self._short_recipe,
                    epochs=epochs,
                    calibration=self._calibration,
                )
                value, apart = self._compared(network, whole=False)
            except DivergedError:
                value, apart = 0.0, _NO_LIKENESS
        return Evaluation(accuracy=value, divergence=apart, seconds=time.monotonic() - begin)

    def _compared(self, network: nn.Module, *, whole: bool) -> tuple[float, float]:
        """Accuracy, and divergence from the dense network."""
        scores = self._scores(network, whole=whole)
        labels = (self._whole if whole else self._few).validation.labels
        return share_right(scores, labels), divergence(self._dense_scores[whole], scores)

    def _scores(self, network: nn.Module, *, whole: bool) -> np.ndarray:
        """Scores of the images, and in the precision, of whole or of short evaluations."""
        if whole:
            return class_scores(network, self._whole.validation.images)
        return class_scores(network, self._few.validation.images, self._recipe.precision)

    def _pruned(
        self,
        kept: Sequence[int],
        dataset: Dataset,
        recipe: Recipe,
        *,
        epochs: int,
        calibration: np.ndarray | None,
    ) -> nn.Module:
        network = copy.deepcopy(self._network)
        masks = {
            layer.name: layer.mask(number) for layer, number in zip(self._layers, kept, strict=True)
        }
        # What loses nothing need not recover: the stage that prunes leaves it as it is, too.
        if not all(mask.all() for mask in masks.values()):
            finetune(
                network,
                masks,
                dataset,
                self._layers[0].geometry,
                scheme=self._layers[0].scheme,
                epochs=epochs,
                seed=self._seed,
                recipe=recipe,
                calibration=calibration,
                correlations=self._correlations,
            )
        return network


def _without_test(dataset: Dataset, train: Split, validation: Split) -> Dataset:
    """The data set with these images, those of validation in the place of the test too."""
    return Dataset(
        name=dataset.name,
        classes=dataset.classes,
        train=train,
        validation=validation,
        test=validation,
    )
