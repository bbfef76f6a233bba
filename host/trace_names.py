"""What the numbers in a trace are called."""

from dataclasses import dataclass

from arch.tiles import ous_by_tile
from host.target import Target

__all__ = ["NO_OU", "TraceNames"]

NO_OU = -1
"""The OU of zeros that a tile issues in a layer of which it has none."""


@dataclass(frozen=True, kw_only=True)
class TraceNames:
    """Names of steps, and numbers of OUs.

    Parameters
    ----------
    steps : tuple of str
        Layers, operations and the input, in the order of the program.
    ous : tuple of tuple of int
        For each tile, by the address in its memories: the number of the OU in its layer, or
        :data:`NO_OU`.
    """

    steps: tuple[str, ...]
    ous: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, target: Target) -> "TraceNames":
        """The names in the tables of ``target``."""
        tiles = target.program.shape.engine.tiles
        ous: list[list[int]] = [[] for _ in range(tiles)]
        for table in target.tables.layers:
            for tile, numbers in enumerate(ous_by_tile(table, tiles)):
                ous[tile] += numbers.tolist() or [NO_OU]
        return cls(
            steps=tuple(step.name for step in target.program.steps),
            ous=tuple(tuple(own) for own in ous),
        )

    def step(self, number: int) -> str:
        """Name of a step, also of one that there is not."""
        return self.steps[number] if number < len(self.steps) else f"step {number}"

    def ou(self, tile: int, address: int) -> int | None:
        """Number of an OU in its layer; None if nothing is known to be at the address."""
        own = self.ous[tile] if tile < len(self.ous) else ()
        return own[address] if address < len(own) else None
