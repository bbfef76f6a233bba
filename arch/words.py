"""Words of a memory: named fields side by side, the first field in the least significant bits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Field", "WordLayout"]


@dataclass(frozen=True)
class Field:
    """A field of a word.

    Parameters
    ----------
    name : str
        Name of the field.
    bits : int
        Width of one element; may be 0.
    count : int
        Elements, the first in the least significant bits; a single value has None.
    signed : bool
        Whether elements are two's complement.
    """

    name: str
    bits: int
    count: int | None = None
    signed: bool = False

    @property
    def width(self) -> int:
        """Bits of all elements together."""
        return self.bits * (1 if self.count is None else self.count)


@dataclass(frozen=True)
class WordLayout:
    """A word as a tuple of fields."""

    fields: tuple[Field, ...]

    @property
    def width(self) -> int:
        """Bits of the word."""
        return sum(field.width for field in self.fields)

    def pack(self, values: Mapping[str, int | Sequence[int]]) -> int:
        """The word that holds ``values``, one entry a field.

        Raises
        ------
        :exc:`ValueError`
            If a field is missing, or a value does not fit its field.
        """
        word = position = 0
        for field in self.fields:
            if field.name not in values:
                raise ValueError(f"field {field.name} is missing")
            value = values[field.name]
            elements = value if isinstance(value, Sequence) else (value,)
            if len(elements) != (1 if field.count is None else field.count):
                raise ValueError(
                    f"field {field.name} has {field.count or 1} elements, not {len(elements)}"
                )
            for element in elements:
                word |= _code(field, element) << position
                position += field.bits
        return word


def _code(field: Field, value: int) -> int:
    low = -(1 << (field.bits - 1)) if field.signed and field.bits else 0
    high = (1 << (field.bits - field.signed)) - 1 if field.bits else 0
    if not low <= value <= high:
        raise ValueError(f"field {field.name} holds {low} to {high}, not {value}")
    return value & ((1 << field.bits) - 1)
