"""What a rung of the ladder is, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from arch.network_cycles import NetworkCycles
from host.device import Counters, Device, Progress
from host.inference import Results
from host.target import Target

__all__ = ["Bench", "Failed", "NotBuiltIn", "Reference", "Run", "Rung"]


class Reference(Protocol):
    """What is right: the golden model, and the model of the cycles."""

    def results(self, images: np.ndarray) -> np.ndarray:
        """Results of images, int64 array of shape (n, results), channel, row, column."""

    def step_results(self, image: np.ndarray, step: int) -> np.ndarray:
        """Results of a step, int64, in the order in which the engine gives them."""

    def ou_result(self, image: np.ndarray, step: int, tile: int, ou: int) -> np.ndarray | None:
        """Result of an OU of a step, as :func:`cosim.golden.probe.ou_result` counts them."""

    def cycles(self, image: np.ndarray) -> NetworkCycles:
        """What an image, an int array of shape (C, H, W), takes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """Images that ran back to back.

    Parameters
    ----------
    images : int array, shape (n, C, H, W)
        Which.
    results : Results
        What the device gave.
    counters : dict of str to int
        How much each counter grew.
    link_seconds : float
        That bytes of images and results take on the wire.
    """

    images: np.ndarray
    results: Results
    counters: Counters
    link_seconds: float


@dataclass(kw_only=True, eq=False)
class Bench:
    """A device on the ladder, and what it is compared with.

    Parameters
    ----------
    device : Device
        The device.
    target : Target
        What it should run.
    reference : Reference
        What it should give.
    images : int array, shape (n, C, H, W)
        Codes of the images at hand; they are repeated where more are wanted.
    origin : str
        Where they are from.
    frames : int
        Images that run back to back.
    seconds : float
        Time in which the device must do something, see :func:`host.inference.infer`.
    progress : callable
        Told how far a rung is.
    run : Run, optional
        The images that ran back to back, for the rung after that.
    """

    device: Device
    target: Target
    reference: Reference
    images: np.ndarray
    origin: str
    frames: int
    seconds: float
    progress: Progress
    run: Run | None = field(default=None)


class Failed(Exception):
    """A rung failed.

    Parameters
    ----------
    what : str
        What was seen, with the value expected.
    means : str
        What that usually means.
    look : str
        What to look at next.
    """

    def __init__(self, what: str, *, means: str, look: str) -> None:
        super().__init__(what)
        self.what = what
        self.means = means
        self.look = look


class NotBuiltIn(Exception):
    """The device has not what a rung needs."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One test.

    Parameters
    ----------
    name : str
        As ``--until`` names it.
    title : str
        What it shows.
    climb : callable
        Does it; gives what passed as lines with figures, or raises :class:`Failed` or
        :class:`NotBuiltIn`.
    means, look : str
        What it usually means if the device itself gives up, and what to look at next.
    """

    name: str
    title: str
    climb: Callable[[Bench], list[str]]
    means: str
    look: str
