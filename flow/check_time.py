"""An estimate of how long a search takes on this machine; a measurement of 0.2 s and arithmetic.

Training an image takes three times the multiply-accumulates of judging it: once forward, once for
the gradient of the inputs, once for that of the weights. Beside them a step of training costs some
time for every operation of the network, whatever its size. What an agent learns, reconstruction,
and reading and varying images are left out.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from flow.configuration import Configuration
from flow.search_section import SearchSection
from flow.sources import SHIPPED, load_dataset
from sw.compute import pick_device, precision_of

__all__ = ["ASSUMED_IMAGES", "SearchTime", "Speed", "Work", "measure_speed", "search_time"]

ASSUMED_IMAGES = (50_000, 10_000)
"""Images of training and validation where only reading the data would tell: those of CIFAR-10."""
_TRAINING = 3
_KERNEL, _OPERATIONS = 3, 3
_SECONDS = 0.1
"""How long each of the two measurements takes at least."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What this machine does.

    Parameters
    ----------
    macs : float
        Multiply-accumulates in a second, in training, of all threads.
    overhead : float
        Seconds that training takes for an operation of hardly any work.
    """

    macs: float
    overhead: float


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a search computes.

    Parameters
    ----------
    images : int
        Images that go through the network, those that train counted three times.
    steps : int
        Steps of training.
    """

    images: int
    steps: int

    def __add__(self, other: "Work") -> "Work":
        return Work(images=self.images + other.images, steps=self.steps + other.steps)

    def __mul__(self, times: int) -> "Work":
        return Work(images=self.images * times, steps=self.steps * times)


@dataclass(frozen=True, kw_only=True)
class SearchTime:
    """The estimate.

    Parameters
    ----------
    seconds : float
        How long the search takes.
    work : Work
        What it computes.
    speed : Speed
        What was measured.
    assumed : bool
        Whether the number of images was assumed.
    """

    seconds: float
    work: Work
    speed: Speed
    assumed: bool


def search_time(configuration: Configuration, *, macs: int, operations: int) -> SearchTime | None:
    """How long the search of a job takes; None if it has none.

    Parameters
    ----------
    macs : int
        Multiply-accumulates of an image.
    operations : int
        Operations of the network, those that are folded among them.
    """
    search = configuration.search
    if search is None or search.agent == "none":
        return None
    train, validation, assumed = _images(configuration)
    work = _work(configuration, search, train=train, validation=validation)
    speed = measure_speed(configuration.device, configuration.train.precision)
    seconds = work.images * macs / speed.macs + work.steps * operations * speed.overhead
    return SearchTime(seconds=seconds, work=work, speed=speed, assumed=assumed)


def _images(configuration: Configuration) -> tuple[int, int, bool]:
    """Images of the training and of the validation split, and whether they are assumed."""
    if configuration.data.kind in SHIPPED:
        dataset = load_dataset(configuration)
        return len(dataset.train.images), len(dataset.validation.images), False
    train, validation = ASSUMED_IMAGES
    limit = configuration.data.train_limit
    return train if limit is None else min(train, limit), validation, True


def _work(
    configuration: Configuration, search: SearchSection, *, train: int, validation: int
) -> Work:
    prune = configuration.prune

    def tuned(images: int | None, epochs: int, batch: int) -> Work:
        count = min(train, images or train)
        return Work(images=_TRAINING * count, steps=-(-count // batch)) * epochs

    batch = configuration.train.batch_size
    judged = min(validation, search.validation_images or validation)
    short = tuned(
        search.finetune_images, search.finetune_epochs, search.finetune_batch_size or batch
    )
    short += Work(images=min(train, search.calibration_images) + judged, steps=0)
    whole = tuned(prune.finetune_images, prune.finetune_epochs, batch)
    whole += Work(images=train + validation, steps=0)
    trials = 0 if search.recovery is not None else search.recovery_trials
    return short * (search.episodes + trials) + whole * (search.finalists + trials)


def measure_speed(device: str, precision: str) -> Speed:
    """Measure the training of a block of layers, and of one of hardly any work.

    Parameters
    ----------
    device : str
        One of :data:`sw.compute.DEVICES`.
    precision : str
        One of :data:`sw.compute.PRECISIONS`.
    """
    place = pick_device(device)
    wide, narrow = torch.ones(32, 32, 16, 16), torch.ones(2, 1, 2, 2)
    macs = _TRAINING * wide.numel() * wide.shape[1] * _KERNEL**2
    with precision_of(place, precision), _one_thread() as threads:
        rate = _rate(_training_step(wide.to(place)))
        overhead = 1 / _rate(_training_step(narrow.to(place)))
    macs *= threads if place.type == "cpu" else 1
    return Speed(macs=macs * rate, overhead=overhead / _OPERATIONS)


@contextmanager
def _one_thread() -> Iterator[int]:
    """Compute in one thread: several wait for each other where others compute, too.

    Gives the number of threads that torch computes in otherwise.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _training_step(images: torch.Tensor) -> Callable[[], object]:
    """A step of training, as a network has many: convolution, normalisation, ReLU."""
    channels = images.shape[1]
    with torch.random.fork_rng(devices=[]):
        block = nn.Sequential(
            nn.Conv2d(channels, channels, _KERNEL, padding=_KERNEL // 2, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ).to(images.device)
    optimiser = torch.optim.SGD(block.parameters(), lr=1e-3, momentum=0.9)

    def step() -> float:
        optimiser.zero_grad()
        loss = block(images).square().mean()
        loss.backward()
        optimiser.step()
        return loss.item()  # waits for a device that works on its own

    return step


def _rate(work: Callable[[], object]) -> float:
    """How often ``work`` is done in a second: the fastest time, as the machine may do more."""
    work()
    fastest, end = math.inf, time.perf_counter() + _SECONDS
    while True:
        begin = time.perf_counter()
        if begin >= end:
            return 1 / fastest
        work()
        fastest = min(fastest, time.perf_counter() - begin)
