"""Geometry of a crossbar and of its operation units."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ENCODINGS", "TILES", "Geometry"]

ENCODINGS = ("offset", "differential")
"""Sign encodings of a weight, see ``docs/number-formats.md``."""
TILES = (1, 2, 4, 8)
"""Numbers of tiles, see :mod:`arch.tiles`."""

_RANGES = {
    "rows": (1, 4096),
    "cols": (1, 4096),
    "cell_bits": (1, 8),
    "ou_rows": (1, 64),
    "ou_cols": (1, 64),
    "adc_bits": (1, 16),
    "weight_bits": (2, 8),
    "act_bits": (1, 8),
}


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Size of a crossbar, size of its operation unit (OU), and the widths that decide the packing.

    Parameters
    ----------
    rows, cols : int
        Word lines and bit lines of a crossbar, in cells (1 to 4096).
    cell_bits : int
        Bits that one cell stores (1 to 8).
    ou_rows, ou_cols : int
        Word lines and bit lines of an OU, in cells (1 to 64, at most ``rows`` and ``cols``).
    adc_bits : int
        Width of one analog-to-digital conversion (1 to 16).
    encoding : str
        Sign encoding of a weight: ``offset`` or ``differential``.
    weight_bits : int
        Width of one signed weight (2 to 8).
    act_bits : int
        Width of one activation, the number of bit planes of an OU (1 to 8).
    tiles : int
        Layer datapaths that share the OUs of a layer (1, 2, 4 or 8), see :mod:`arch.tiles`.

    Raises
    ------
    :exc:`TypeError`
        If a size is not an integer.
    :exc:`ValueError`
        If a size is out of range, or a weight does not fit the columns of an OU.
    """

    rows: int = 128
    cols: int = 128
    cell_bits: int = 2
    ou_rows: int = 9
    ou_cols: int = 8
    adc_bits: int = 5
    encoding: str = "offset"
    weight_bits: int = 8
    act_bits: int = 8
    tiles: int = 1

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"geometry.{name} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"geometry.{name} must be {low} to {high}, not {value}")
        if isinstance(self.tiles, bool) or not isinstance(self.tiles, int):
            raise TypeError(f"geometry.tiles must be an integer, not {self.tiles!r}")
        if self.tiles not in TILES:
            raise ValueError(f"geometry.tiles must be 1, 2, 4 or 8, not {self.tiles}")
        if self.encoding not in ENCODINGS:
            raise ValueError(
                f"geometry.encoding must be one of {', '.join(ENCODINGS)}, not {self.encoding!r}"
            )
        for part, whole in (("ou_rows", "rows"), ("ou_cols", "cols")):
            if getattr(self, part) > getattr(self, whole):
                raise ValueError(
                    f"geometry.{part} must be at most {whole}={getattr(self, whole)}, "
                    f"not {getattr(self, part)}"
                )
        if self.slices > self.ou_cols:
            raise ValueError(
                f"a weight of {self.weight_bits} bits takes {self.slices} cells of "
                f"{self.cell_bits} bits, but geometry.ou_cols is {self.ou_cols}: "
                f"raise ou_cols or cell_bits"
            )

    @property
    def slices(self) -> int:
        """Neighbouring bit lines that store one weight."""
        return -(-self.weight_bits // self.cell_bits)

    @property
    def ou_weights(self) -> int:
        """Weight columns of an OU, ``ou_cols // slices``; left-over bit lines stay empty."""
        return self.ou_cols // self.slices

    @property
    def slot_rows(self) -> int:
        """OU slots of a crossbar from top to bottom."""
        return self.rows // self.ou_rows

    @property
    def slot_cols(self) -> int:
        """OU slots of a crossbar from left to right."""
        return self.cols // self.ou_cols

    @property
    def slots(self) -> int:
        """OU slots of a crossbar."""
        return self.slot_rows * self.slot_cols

    @property
    def arrays(self) -> int:
        """Physical crossbars behind one crossbar number: 2 when differential, else 1."""
        return 2 if self.encoding == "differential" else 1

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, as the manifest stores it: ``tiles`` only if there are several."""
        fields = asdict(self)
        if self.tiles == 1:
            del fields["tiles"]
        return fields
