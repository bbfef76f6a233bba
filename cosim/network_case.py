"""What the simulation of a network is asked to do, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from cosim.case import Case, Result

__all__ = ["NetworkCase", "NetworkResult", "StepResult"]

_IMAGES = "images.npy"


@dataclass(frozen=True, kw_only=True)
class NetworkCase(Case):
    """Images to run through a network, all of them in every run.

    Parameters
    ----------
    other : str
        Directory of a second set of tables for an engine that loads them; empty without.
    """

    other: str = ""

    def write(self, directory: Path, images: np.ndarray) -> None:
        """Write the case with its images, int array of shape (n, C, H, W)."""
        np.save(directory / _IMAGES, images.astype(np.int16), allow_pickle=False)
        self._begin(directory)

    def images(self, directory: Path) -> np.ndarray:
        """The images, int16 array of shape (n, C, H, W)."""
        array: np.ndarray = np.load(directory / _IMAGES, allow_pickle=False)
        return array


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What the counters of the hardware say of one step of one image.

    Parameters
    ----------
    name : str
        The layer or operation.
    cycles, cycles_model : int
        Cycles that it took, and those of the model.
    planes : int
        OU planes issued.
    """

    name: str
    cycles: int
    cycles_model: int
    planes: int


@dataclass(frozen=True, kw_only=True)
class NetworkResult(Result):
    """One run of all images; compared are elements of feature maps, and scores.

    Parameters
    ----------
    images : int
        Images that ran.
    wrong_images : tuple of int
        Images with a wrong, missing or surplus value.
    steps : tuple of StepResult
        Every step of every image in the order in which they ran.
    counters : tuple of dict of str to int
        How much each of :data:`arch.registers.COUNTERS` grew in each image, as read over the
        control bus.
    counters_model : tuple of dict of str to int
        How much the model lets them grow; it applies when ``stall`` is 0.
    """

    images: int
    wrong_images: tuple[int, ...]
    steps: tuple[StepResult, ...]
    counters: tuple[dict[str, int], ...]
    counters_model: tuple[dict[str, int], ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """As :meth:`cosim.case.Result.of`, the steps too."""
        return super().of({**raw, "steps": [StepResult(**step) for step in raw["steps"]]})
