"""What a device should give: the golden model and the model of the cycles, for the ladder."""

import numpy as np

from arch.network_cycles import NetworkCycles, image_cycles
from cosim.golden import GoldenNetwork
from host.target import Target

__all__ = ["GoldenReference"]


class GoldenReference:
    """A :class:`host.ladder.rung.Reference` for the tables of a target; it remembers images.

    Parameters
    ----------
    target : Target
        Tables and program.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._golden = GoldenNetwork(target.tables)
        self._results: dict[bytes, np.ndarray] = {}
        self._cycles: dict[bytes, NetworkCycles] = {}

    def results(self, images: np.ndarray) -> np.ndarray:
        """Results of images, int64 array of shape (n, results), channel, row, column."""
        for image in images:
            if image.tobytes() not in self._results:
                self._run(image)
        return np.stack([self._results[image.tobytes()] for image in images])

    def cycles(self, image: np.ndarray) -> NetworkCycles:
        """What an image, an int array of shape (C, H, W), takes."""
        if image.tobytes() not in self._cycles:
            self._run(image)
        return self._cycles[image.tobytes()]

    def _run(self, image: np.ndarray) -> None:
        codes, target = image[None], self._target
        maps = self._golden.run(codes)
        windows = {name: self._golden.inputs(name, codes, maps) for name in self._golden.layers}
        key = image.tobytes()
        self._results[key] = maps[target.last.name].reshape(-1)
        self._cycles[key] = image_cycles(target.tables, target.program, windows)
