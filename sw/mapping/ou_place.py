"""Where an operation unit lies, and whether what a user asks for is there."""

from dataclasses import dataclass

from arch.errors import InputError
from arch.geometry import Geometry
from arch.tables import LayerTable, MappingTables

__all__ = ["OuPlace", "in_range", "layer_of", "ou_place"]


@dataclass(frozen=True, kw_only=True)
class OuPlace:
    """Where an OU lies: its number in the layer, crossbar, slot, and the slot's row and column.

    ``tile`` is None if there is only one.
    """

    ou: int
    crossbar: int
    slot: int
    slot_row: int
    slot_col: int
    tile: int | None = None

    def __str__(self) -> str:
        tile = "" if self.tile is None else f"tile {self.tile}, "
        return (
            f"OU {self.ou}: {tile}crossbar {self.crossbar}, slot {self.slot} "
            f"(slot row {self.slot_row}, slot column {self.slot_col})"
        )


def ou_place(table: LayerTable, geometry: Geometry, ou: int) -> OuPlace:
    """Where OU number ``ou`` of a layer lies."""
    slot_row, slot_col = int(table.slot_row[ou]), int(table.slot_col[ou])
    return OuPlace(
        ou=ou,
        crossbar=int(table.crossbar[ou]),
        slot=slot_row * geometry.slot_cols + slot_col,
        slot_row=slot_row,
        slot_col=slot_col,
        tile=int(table.crossbar[ou]) % geometry.tiles if geometry.tiles > 1 else None,
    )


def layer_of(tables: MappingTables, name: str) -> LayerTable:
    """The layer called ``name``; raises InputError that lists the layers if there is none."""
    try:
        return tables.layer(name)
    except ValueError as error:
        raise InputError(str(error)) from error


def in_range(what: str, number: int, count: int, layer: str) -> None:
    """Raise InputError unless a layer has number ``number`` of ``count``."""
    if not 0 <= number < count:
        legal = f"0 to {count - 1}" if count else "none: all of it was pruned"
        raise InputError(f"layer {layer} has no {what} {number}; legal is {legal}")
