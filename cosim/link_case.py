"""What the simulation of an engine with a host link is asked to do, and what it answers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosim.case import Result
from cosim.network_case import NetworkCase

__all__ = ["LINK_FILE", "LinkCase", "LinkResult"]

LINK_FILE = "link.json"
"""Sizes of the link, beside the Verilog; see :mod:`arch.link_record`."""


@dataclass(frozen=True, kw_only=True)
class LinkCase(NetworkCase):
    """Images to run through a device.

    Parameters
    ----------
    frames : int
        Images that run back to back, again from the first if there are fewer.
    """

    frames: int

    def write_all(self, directory: Path, images: np.ndarray, verilog: Path) -> None:
        """Write the case with its images and the sizes of the link in ``verilog``."""
        self.write(directory, images)
        shutil.copy(verilog / LINK_FILE, directory)


@dataclass(frozen=True, kw_only=True)
class LinkResult(Result):
    """One part of what the driver did.

    Parameters
    ----------
    name : str
        Which: a rung of the ladder, or what was done.
    lines : tuple of str
        What it found.
    """

    name: str
    lines: tuple[str, ...]
