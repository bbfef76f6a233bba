"""What the simulation of layers is asked to do, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosim.case import Case, Result

__all__ = ["LayerCase", "LayerResult"]


@dataclass(frozen=True, kw_only=True)
class LayerCase(Case):
    """A set of layers to simulate.

    Parameters
    ----------
    layers : tuple of str
        Layers to run, in this order.
    """

    layers: tuple[str, ...]

    def write(self, directory: Path, windows: Mapping[str, np.ndarray]) -> None:
        """Write the case with the windows of its layers, int arrays of shape (P, R)."""
        for name in self.layers:
            np.save(directory / f"{name}.npy", windows[name].astype(np.int16), allow_pickle=False)
        self._begin(directory)

    def windows(self, directory: Path, layer: str) -> np.ndarray:
        """Windows of one layer, int16 array of shape (P, R)."""
        array: np.ndarray = np.load(directory / f"{layer}.npy", allow_pickle=False)
        return array


@dataclass(frozen=True, kw_only=True)
class LayerResult(Result):
    """One run of one layer.

    Parameters
    ----------
    layer : str
        The layer.
    wrong_positions : tuple of int
        Output positions with a wrong or missing output.
    cycles, planes : int
        Counters of the hardware.
    cycles_model : int
        Cycles of the model; they apply when ``stall`` is 0.
    tiles : int
        Datapaths that worked side by side.
    """

    layer: str
    wrong_positions: tuple[int, ...]
    cycles: int
    planes: int
    cycles_model: int
    tiles: int = 1

    @property
    def utilisation(self) -> float:
        """Share of the cycles of all tiles in which a plane was issued."""
        return self.planes / (self.cycles * self.tiles) if self.cycles else 0.0
