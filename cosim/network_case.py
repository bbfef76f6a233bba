"""What the simulation of a network is asked to do, and what it answers: files in one directory."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

__all__ = ["NetworkCase", "NetworkResult", "StepResult", "read_network_results"]

_CASE = "case.json"
_IMAGES = "images.npy"
_RESULTS = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class NetworkCase:
    """Images to run through a network.

    Parameters
    ----------
    tables : str
        Directory of the mapping tables.
    stalls : tuple of int
        Stall of both streams, of 256 cycles; all images run once with each.
    resets : bool
        Whether the engine is also reset in mid-image and runs all images again.
    seed : int
        Seed of stalls and of the moment of reset.
    """

    tables: str
    stalls: tuple[int, ...] = (0,)
    resets: bool = False
    seed: int = 1

    def write(self, directory: Path, images: np.ndarray) -> None:
        """Write the case with its images, int array of shape (n, C, H, W)."""
        np.save(directory / _IMAGES, images.astype(np.int16), allow_pickle=False)
        (directory / _RESULTS).write_text("")
        (directory / _CASE).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, directory: Path) -> "NetworkCase":
        """Read what :meth:`write` wrote."""
        raw = json.loads((directory / _CASE).read_text())
        return cls(**(raw | {"stalls": tuple(raw["stalls"])}))

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
        Cycles that it took, and those of the closed form.
    planes : int
        OU planes issued.
    """

    name: str
    cycles: int
    cycles_model: int
    planes: int


@dataclass(frozen=True, kw_only=True)
class NetworkResult:
    """One run of all images.

    Parameters
    ----------
    stall : int
        Stall of both streams, of 256 cycles.
    after_reset : bool
        Whether the run followed a reset in mid-image.
    images : int
        Images that ran.
    compared, mismatches : int
        Elements of feature maps and scores compared, and how many differed, were missing or too
        many.
    wrong_images : tuple of int
        Images with any of them.
    steps : tuple of StepResult
        Every step of every image in the order in which they ran.
    clocks : int
        Cycles simulated.
    seconds : float
        Time the simulator took for them.
    problem : str
        What went wrong and where; empty if nothing did.
    """

    stall: int
    after_reset: bool
    images: int
    compared: int
    mismatches: int
    wrong_images: tuple[int, ...]
    steps: tuple[StepResult, ...]
    clocks: int
    seconds: float
    problem: str = ""

    def append(self, directory: Path) -> None:
        """Add the result to those of the case."""
        with (directory / _RESULTS).open("a") as file:
            file.write(json.dumps(asdict(self)) + "\n")


def read_network_results(directory: Path) -> Iterator[NetworkResult]:
    """Results of the case, in the order of the runs."""
    for line in (directory / _RESULTS).read_text().splitlines():
        raw = json.loads(line)
        lists = {
            "wrong_images": tuple(raw["wrong_images"]),
            "steps": tuple(StepResult(**step) for step in raw["steps"]),
        }
        yield NetworkResult(**(raw | lists))
