"""The crossbars of each layer before and after packing, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from arch.geometry import Geometry
from arch.tables import LayerTable
from flow.page.cell_map import EMPTY, FREE, TONES, dense_cells, kept_segments, packed_cells
from flow.page.cell_paths import cell_paths
from flow.page.run import Run

__all__ = ["crossbars"]

_SHOWN = 12
"""Crossbars of a layer before, and after, at most."""
_LAYERS = 200
"""Layers with pictures, at most."""
_BYTES = 2_500_000
"""All paths together, about."""
_SIDE, _LEAST = 512, 64
"""Cells of a crossbar that are drawn at most in each direction, and where they are many."""
_CLASSES = ("hole", *(f"tone{tone}" for tone in range(TONES)))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A crossbar.

    Parameters
    ----------
    number : int
        Of the crossbar in its layer.
    tile : int
        To which it belongs.
    paths : list of tuple of str
        Class of the style sheet, ``hole`` or ``toneN``, and path data.
    used, weights : float
        Of what is drawn, share of the slots that hold an OU, and of the cells that hold a weight.
    rows, cols : int
        Cells that are drawn.
    """

    number: int
    tile: int
    paths: list[tuple[str, str]]
    used: float
    weights: float
    rows: int
    cols: int


def crossbars(run: Run) -> dict[str, Any] | None:
    """Pictures of every layer; None without tables."""
    if run.tables is None:
        return None
    geometry, tables = run.tables.geometry, run.tables.layers
    share = _BYTES // max(1, min(len(tables), _LAYERS))
    counts = {layer["name"]: layer for layer in run.report["layers"]}
    return {
        "geometry": geometry,
        "slots": geometry.slots,
        "tones": TONES,
        "schemes": sorted({table.spec.scheme for table in tables}),
        "grid": _grid(geometry),
        "layers": [
            _layer(table, geometry, counts[table.spec.name], share) for table in tables[:_LAYERS]
        ],
        "more_layers": max(0, len(tables) - _LAYERS),
    }


def _layer(
    table: LayerTable, geometry: Geometry, counts: dict[str, Any], share: int
) -> dict[str, Any]:
    most = max(_SHOWN, geometry.tiles)
    kept = kept_segments(table, geometry)
    numbers = np.unique(table.crossbar)[:most]
    side = _SIDE
    while True:
        dense = dense_cells(table, geometry, kept, most, side)
        before = _pictures(range(len(dense)), dense, geometry, share // 2)
        packed = packed_cells(table, geometry, numbers, side)
        after = _pictures(numbers.tolist(), packed, geometry, share // 2)
        if max(_size(pictures) for pictures in (before, after)) <= share // 2 or side <= _LEAST:
            break
        side //= 2
    slots = counts["crossbars"] // geometry.arrays * geometry.slots
    return {
        **counts,
        "scheme": table.spec.scheme,
        "before": before,
        "after": after,
        "before_count": counts["crossbars_dense"] // geometry.arrays,
        "after_count": counts["crossbars"] // geometry.arrays,
        "slots_used": table.ous / slots if slots else 0.0,
    }


def _pictures(
    numbers: Sequence[int], cells: np.ndarray, geometry: Geometry, share: int
) -> list[Picture]:
    """As many as fit the share of the page, but one at least."""
    pictures: list[Picture] = []
    for number, every in zip(numbers, cells, strict=True):
        picture = _picture(number, every, geometry)
        share -= _size([picture])
        if pictures and share < 0:
            break
        pictures.append(picture)
    return pictures


def _size(pictures: Sequence[Picture]) -> int:
    return sum(len(path) for picture in pictures for _, path in picture.paths)


def _picture(number: int, cells: np.ndarray, geometry: Geometry) -> Picture:
    paths = cell_paths(cells, EMPTY + 1 + TONES)
    rows, cols = cells.shape
    high, wide = rows // geometry.ou_rows, cols // geometry.ou_cols
    corners = cells[:: geometry.ou_rows, :: geometry.ou_cols][:high, :wide]
    return Picture(
        number=number,
        tile=number % geometry.tiles,
        paths=[(name, path) for name, path in zip(_CLASSES, paths, strict=True) if path],
        used=float(np.mean(corners != FREE)),
        weights=float(np.mean(cells > EMPTY)),
        rows=rows,
        cols=cols,
    )


def _grid(geometry: Geometry) -> str:
    """Borders of the OU slots that are drawn at most, as a path."""
    high = min(geometry.slot_rows * geometry.ou_rows, _SIDE)
    wide = min(geometry.slot_cols * geometry.ou_cols, _SIDE)
    return _lines("M{} 0v" + str(high), range(0, wide + 1, geometry.ou_cols)) + _lines(
        "M0 {}h" + str(wide), range(0, high + 1, geometry.ou_rows)
    )


def _lines(form: str, places: Sequence[int]) -> str:
    return "".join(form.format(place) for place in places)
