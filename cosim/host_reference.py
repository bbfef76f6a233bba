"""What a device should give: the golden model and the model of the cycles, for the ladder."""

import numpy as np

from arch.network_cycles import NetworkCycles, image_cycles
from cosim.golden import GoldenNetwork
from cosim.golden.probe import ou_result, step_results
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
        self._maps: tuple[bytes, dict[str, np.ndarray]] = (b"", {})

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

    def step_results(self, image: np.ndarray, step: int) -> np.ndarray:
        """Results of a step, int64, in the order in which the engine gives them."""
        which = self._target.program.steps[step]
        if which.walk is None:
            return image.astype(np.int64).reshape(-1) & 0xFF  # bytes, before anyone reads them
        return step_results(which, self._maps_of(image)[which.name][0])

    def ou_result(self, image: np.ndarray, step: int, tile: int, ou: int) -> np.ndarray | None:
        """Result of an OU of a step, as :func:`cosim.golden.probe.ou_result` counts them."""
        tables, shape = self._target.tables, self._target.program.shape.engine
        name = self._target.program.steps[step].name
        return ou_result(
            tables.layer(name),
            tables.geometry,
            self._golden.inputs(name, image[None], self._maps_of(image)),
            tile=tile,
            number=ou,
            skips=shape.skip_zero_planes,
        )

    def _maps_of(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Feature maps of an image; those of the last one are remembered."""
        if self._maps[0] != image.tobytes():
            self._maps = (image.tobytes(), self._golden.run(image[None]))
        return self._maps[1]

    def _run(self, image: np.ndarray) -> None:
        codes, target = image[None], self._target
        maps = self._maps_of(image)
        windows = {name: self._golden.inputs(name, codes, maps) for name in self._golden.layers}
        key = image.tobytes()
        self._results[key] = maps[target.last.name].reshape(-1)
        self._cycles[key] = image_cycles(target.tables, target.program, windows)
