"""Operation units and crossbars of a layer from its mask alone, in microseconds.

The search asks for these at every step, so nothing is packed; the packer gives the same numbers.
"""

from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import count_segments
from arch.packing import check_kept, count_ous, segment_grid
from arch.tiles import count_crossbars

__all__ = ["OuCount", "count", "dense_count"]


@dataclass(frozen=True, kw_only=True)
class OuCount:
    """What a layer occupies.

    Parameters
    ----------
    ous : int
        Operation units, which is also the number of slots used.
    crossbars : int
        Physical crossbars: a differential one counts as two.
    slots : int
        OU slots that the occupied crossbars offer; the negative array of a pair offers none of its
        own.
    segments, segments_kept : int
        Segments of the mask, and how many of them are kept.
    """

    ous: int
    crossbars: int
    slots: int
    segments: int
    segments_kept: int

    @property
    def occupancy(self) -> float:
        """Share of the offered slots that is used, 0 to 1; 1 when there are no crossbars."""
        return self.ous / self.slots if self.slots else 1.0


def count(
    kept: np.ndarray, *, rows: int, cols: int, scheme: str, geometry: Geometry, groups: int = 1
) -> OuCount:
    """What the packer would occupy for a mask.

    Parameters
    ----------
    kept : bool array
        Kept segments, as :attr:`sw.integer_network.IntegerLayer.kept`.
    rows, cols : int
        Shape of the weight matrix.
    scheme : str
        Sparsity structure.
    groups : int
        Groups of the layer: segments outside them are not counted.

    Raises
    ------
    :exc:`TypeError`, :exc:`ValueError`
        If ``kept`` has the wrong type or shape, or the scheme is unknown.
    """
    kept = np.asarray(kept)
    check_kept(kept, rows, cols, scheme, geometry)
    ous = count_ous(kept, scheme, geometry)
    segments = count_segments(rows, cols, groups, scheme, geometry)
    return _occupied(ous, geometry, segments=segments, segments_kept=int(np.count_nonzero(kept)))


def dense_count(
    rows: int, cols: int, geometry: Geometry, *, scheme: str = "column_vector", groups: int = 1
) -> OuCount:
    """What the unpruned layer occupies; OUs and crossbars are the same for every scheme.

    Of a layer of groups these are the OUs of each group's own matrix, side by side: a matrix over
    all channels would be mostly zeros, and every other count would look small beside it.
    """
    lines = segment_grid(rows // groups, cols // groups, "column_vector", geometry)[0]
    columns = segment_grid(rows // groups, cols // groups, "row_vector", geometry)[1]
    segments = count_segments(rows, cols, groups, scheme, geometry)
    ous = groups * lines * columns
    return _occupied(ous, geometry, segments=segments, segments_kept=segments)


def _occupied(ous: int, geometry: Geometry, *, segments: int, segments_kept: int) -> OuCount:
    numbers = count_crossbars(ous, geometry)
    return OuCount(
        ous=ous,
        crossbars=numbers * geometry.arrays,
        slots=numbers * geometry.slots,
        segments=segments,
        segments_kept=segments_kept,
    )
