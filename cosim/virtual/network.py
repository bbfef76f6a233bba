"""What a virtual engine computes of an image: results by the golden model, cycles by theirs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arch.network_cycles import NetworkCycles, image_cycles
from arch.network_program import NetworkProgram
from arch.network_shape import INDEX_BITS
from arch.registers import IDLE_CAUSES
from arch.tables import MappingTables
from cosim.golden import GoldenNetwork
from cosim.golden.probe import ou_result, step_results

__all__ = ["VirtualImage", "VirtualNetwork", "VirtualProbe", "network_counters", "result_words"]

_LAST = 1 << 31
_KEPT = 1024
"""Images that are remembered: runs repeat them."""


@dataclass(frozen=True, kw_only=True)
class VirtualImage:
    """What the engine makes of an image.

    Parameters
    ----------
    cycles : int
        That it takes.
    counters : mapping of str to int
        What the counters grow by.
    words : tuple of int
        Results as the link gives them, see ``docs/link.md``.
    """

    cycles: int
    counters: Mapping[str, int]
    words: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class VirtualProbe:
    """What the probe of a device has of an image.

    Parameters
    ----------
    values : int array, shape (ou_weights,), or None
        Results of the OU; None if there is none of that number.
    results : int array, shape (n,), or None
        All results of the step; None if there is no such step.
    """

    values: np.ndarray | None
    results: np.ndarray | None


class VirtualNetwork:
    """The golden model and the model of the cycles of certain tables.

    Parameters
    ----------
    tables : MappingTables
        The tables.
    program : NetworkProgram
        Made from them.
    """

    def __init__(self, tables: MappingTables, program: NetworkProgram) -> None:
        self._tables = tables
        self._program = program
        self._golden = GoldenNetwork(tables)
        self._seen: dict[bytes, VirtualImage] = {}

    @property
    def image_bytes(self) -> int:
        """Bytes of an image."""
        return self._program.steps[0].result.size

    @property
    def tables_sha256(self) -> str:
        """Hash of the tables."""
        return self._tables.sha256

    def probe(self, image: bytes, *, step: int, tile: int, ou: int) -> VirtualProbe:
        """What the probe shows of an image."""
        if step >= len(self._program.steps):
            return VirtualProbe(values=None, results=None)
        codes, which = self._codes(image), self._program.steps[step]
        if which.walk is None:
            return VirtualProbe(values=None, results=np.frombuffer(image, np.uint8))
        maps = self._golden.run(codes)
        values = None
        if which.kind == "layer" and tile < self._program.shape.engine.tiles:
            values = ou_result(
                self._tables.layer(which.name),
                self._tables.geometry,
                self._golden.inputs(which.name, codes, maps),
                tile=tile,
                number=ou,
                skips=self._program.shape.engine.skip_zero_planes,
            )
        return VirtualProbe(values=values, results=step_results(which, maps[which.name][0]))

    def run(self, image: bytes) -> VirtualImage:
        """What the engine makes of the bytes of an image."""
        if image not in self._seen:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            self._seen[image] = self._run(image)
        return self._seen[image]

    def _codes(self, image: bytes) -> np.ndarray:
        """The bytes of an image as the first layer reads them, shape (1, C, H, W)."""
        shape = (1, *self._program.steps[0].result.shape)
        codes: np.ndarray = np.frombuffer(image, dtype=np.uint8).reshape(shape)
        forms = [form for step in self._program.steps for form in step.activations]
        if forms and forms[0].signed:
            codes = codes.view(np.int8)
        return codes

    def _run(self, image: bytes) -> VirtualImage:
        codes = self._codes(image)
        maps = self._golden.run(codes)
        windows = {name: self._golden.inputs(name, codes, maps) for name in self._golden.layers}
        model = image_cycles(self._tables, self._program, windows)
        return VirtualImage(
            cycles=model.total,
            counters=network_counters(model),
            words=result_words(self._program, maps[self._program.steps[-1].name][0]),
        )


def network_counters(model: NetworkCycles) -> dict[str, int]:
    """What an image adds to the counters of its work, without ``images``."""
    idle = {f"idle_{cause}": model.idle(cause) for cause in IDLE_CAUSES}
    return {
        "cycles": model.total,
        "planes": model.planes,
        "planes_skipped": model.skipped,
        **idle,
    }


def result_words(program: NetworkProgram, values: np.ndarray) -> tuple[int, ...]:
    """Results of an image as a device gives them.

    Parameters
    ----------
    values : int array, shape (C, H, W)
        What the last step gives.
    """
    flat = step_results(program.steps[-1], values)
    if program.shape.argmax:
        index = int(flat.argmax())
        return (_LAST | index << INDEX_BITS | int(flat[index]) & 0xFFFF,)
    words = [int(value) & 0xFFFF for value in flat]
    words[-1] |= _LAST
    return tuple(words)
