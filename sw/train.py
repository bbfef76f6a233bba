"""Training and accuracy of a float network."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from arch.errors import InputError
from sw.augment import VARIATIONS
from sw.compute import device_of, precision_of
from sw.datasets import Dataset, Split
from sw.reproducible import reproducible

__all__ = [
    "DEFAULT_RECIPE",
    "DivergedError",
    "OnEpoch",
    "Recipe",
    "accuracy",
    "class_scores",
    "share_right",
    "train",
]

_BATCH = 128
_TEMPERATURE = 2.0
OnEpoch = Callable[[int, float, float], None]
"""Called after each epoch with its number from 1, the mean loss and the validation accuracy."""


class DivergedError(InputError):
    """Weights have grown until a loss or a score is not finite any more."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a step of training is made.

    A policy is judged by the recipe that its network is fine-tuned with in the end, so the search
    and the pruning take the same one.

    Parameters
    ----------
    learning_rate, weight_decay, label_smoothing : float
        Of the first step, of every step, of the cross entropy.
    batch_size : int
        Images a step.
    variations : str
        One of :data:`sw.augment.VARIATIONS`.
    precision : str
        One of :data:`sw.compute.PRECISIONS`.
    distillation : float
        Share of the loss, 0 to 1, that asks for the scores of a teacher instead of the labels:
        knowledge distillation (Hinton et al., 2015) at a temperature of 2.

    Raises
    ------
    :exc:`ValueError`
        If a number or a name is out of range.
    """

    learning_rate: float = 0.05
    batch_size: int = 64
    weight_decay: float = 4e-3
    label_smoothing: float = 0.1
    variations: str = "affine"
    precision: str = "float32"
    distillation: float = 0.0

    def __post_init__(self) -> None:
        if self.batch_size < 1 or not self.learning_rate > 0:
            raise ValueError(
                f"batch_size must be at least 1 and learning_rate above 0, "
                f"not {self.batch_size} and {self.learning_rate}"
            )
        if self.variations not in VARIATIONS:
            known = ", ".join(VARIATIONS)
            raise ValueError(f"variations must be {known}, not {self.variations!r}")
        if not 0 <= self.distillation <= 1:
            raise ValueError(f"distillation must be 0 to 1, not {self.distillation}")


DEFAULT_RECIPE = Recipe()
"""What suits the digits."""


def train(
    network: nn.Module,
    dataset: Dataset,
    *,
    epochs: int,
    seed: int,
    recipe: Recipe = DEFAULT_RECIPE,
    teacher: nn.Module | None = None,
    on_epoch: OnEpoch | None = None,
    after_step: Callable[[], None] | None = None,
) -> None:
    """Train a network in place, where it is, on random variations of the training images.

    Stochastic gradient descent with Nesterov momentum; the learning rate falls to zero along a
    cosine. The weights of the last epoch are kept: nothing is selected, least of all on test data.
    The same arguments give the same weights, bit for bit, on one machine.

    Parameters
    ----------
    epochs : int
        Passes over the training split; 0 leaves the network as it is.
    seed : int
        Decides the order and the variations of the images.
    recipe : Recipe
    teacher : Module, optional
        A trained network with the same classes; needed if the recipe distils.
    on_epoch : callable, optional
        See :data:`OnEpoch`.
    after_step : callable, optional
        Called after each step; pruning holds its mask here.

    Raises
    ------
    :exc:`ValueError`
        If ``epochs`` is negative, or a teacher is missing.
    DivergedError
        If the training diverges.
    :exc:`arch.errors.InputError`
        If the network has no weight that can be trained.
    """
    if epochs < 0:
        raise ValueError(f"epochs must be at least 0, not {epochs}")
    if epochs and not any(weight.requires_grad for weight in network.parameters()):
        raise InputError("no weight of the network can be trained: requires_grad is False for all")
    if recipe.distillation and teacher is None:
        raise ValueError("distillation needs a teacher")
    vary, device = VARIATIONS[recipe.variations], device_of(network)
    images = torch.from_numpy(dataset.train.images)
    labels = torch.from_numpy(dataset.train.labels)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    steps = epochs * math.ceil(len(images) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    # Dropout draws from torch's own generator, which has no seed by itself.
    with reproducible(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for epoch in range(1, epochs + 1):
            network.train()
            total = 0.0
            for index in torch.randperm(len(images), generator=generator).split(recipe.batch_size):
                batch = vary(images[index], generator=generator).to(device)
                loss = _loss(network, batch, labels[index].to(device), recipe, teacher)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                if after_step is not None:
                    after_step()
                total += loss.item() * len(index)
            mean = total / len(images)
            if not math.isfinite(mean):
                raise DivergedError(f"training diverged in epoch {epoch}: lower the learning rate")
            if on_epoch is not None:
                on_epoch(epoch, mean, accuracy(network, dataset.validation, recipe.precision))
    network.eval()


def _loss(
    network: nn.Module,
    batch: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    teacher: nn.Module | None,
) -> torch.Tensor:
    with precision_of(batch.device, recipe.precision):
        scores = network(batch)
    loss = F.cross_entropy(scores.float(), labels, label_smoothing=recipe.label_smoothing)
    if teacher is None or not recipe.distillation:
        return loss
    with torch.no_grad(), precision_of(batch.device, recipe.precision):
        wanted = teacher(batch)
    return torch.lerp(loss, _divergence(scores, wanted), recipe.distillation)


def _divergence(scores: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Of the student's class probabilities from the teacher's, both softened."""
    logarithms = F.log_softmax(scores.float() / _TEMPERATURE, dim=1)
    probabilities = F.softmax(wanted.float() / _TEMPERATURE, dim=1)
    # Times the square, so that the gradient is as large as that of the labels (Hinton et al.).
    return F.kl_div(logarithms, probabilities, reduction="batchmean") * _TEMPERATURE**2


def accuracy(network: nn.Module, split: Split, precision: str = "float32") -> float:
    """Share of the images (0 to 1) whose largest score is that of their class.

    Raises
    ------
    DivergedError
        As :func:`class_scores`.
    """
    return share_right(class_scores(network, split.images, precision), split.labels)


def share_right(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of the rows (0 to 1) whose largest score is that of their label."""
    return float(np.mean(scores.argmax(axis=1) == labels))


def class_scores(network: nn.Module, images: np.ndarray, precision: str = "float32") -> np.ndarray:
    """Scores of images, float32 array of shape (n, classes); the network is run for inference.

    Raises
    ------
    DivergedError
        If a score is not finite: the weights are of no use.
    """
    scores = _scores(network, images, precision)
    if not np.isfinite(scores).all():
        raise DivergedError(
            "the network's scores are not finite: its weights are too large; give it others or "
            "lower the learning rate"
        )
    return scores


def _scores(network: nn.Module, images: np.ndarray, precision: str) -> np.ndarray:
    training, device = network.training, device_of(network)
    network.eval()
    try:
        with reproducible(), torch.no_grad(), precision_of(device, precision):
            batches = torch.from_numpy(images).split(_BATCH)
            return torch.cat([network(batch.to(device)).float().cpu() for batch in batches]).numpy()
    finally:
        network.train(training)
