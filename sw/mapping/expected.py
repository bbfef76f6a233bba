"""Operation units of a layer of which only a share of the segments is known, not which they are.

Every choice of so many segments is taken to be as likely as any other. Networks that were pruned by
magnitude after training came within half a percent of it, see ``docs/check.md``.
"""

from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.layer import LayerSpec
from arch.packing import segment_grid
from sw.segments import count_kept

__all__ = ["Lines", "expected_ous", "lines_of"]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of a layer, which are packed one by one: row blocks, or column groups.

    Parameters
    ----------
    sizes : tuple of int
        Segments of each line.
    width : int
        Segments that an OU holds.
    """

    sizes: tuple[int, ...]
    width: int

    @property
    def segments(self) -> int:
        """Segments of all lines."""
        return sum(self.sizes)

    @property
    def dense_ous(self) -> int:
        """OUs if every segment is kept."""
        return sum(-(-size // self.width) for size in self.sizes)


def lines_of(spec: LayerSpec, geometry: Geometry) -> Lines:
    """The lines of a layer under its sparsity structure."""
    by_columns = spec.scheme == "column_vector"
    width = geometry.ou_weights if by_columns else geometry.ou_rows
    if spec.groups == 1:
        down, across = segment_grid(spec.rows, spec.cols, spec.scheme, geometry)
        count, size = (down, across) if by_columns else (across, down)
        return Lines(sizes=(size,) * count, width=width)
    there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
    sizes = np.count_nonzero(there, axis=1 if by_columns else 0)
    return Lines(sizes=tuple(sizes.tolist()), width=width)


def expected_ous(lines: Lines, ratio: float) -> float:
    """OUs that are expected if the share ``ratio`` of the segments is pruned at random.

    Of a line of ``L`` out of ``N`` segments, ``k`` of the ``K`` that are kept with the probability
    ``binomial(L, k) * binomial(N - L, K - k) / binomial(N, K)`` (hypergeometric); it then has
    ``ceil(k / width)`` OUs. Expectations add up over lines, though lines depend on each other.

    Raises
    ------
    :exc:`ValueError`
        If the ratio is not 0 to 1.
    """
    segments = lines.segments
    kept = count_kept(segments, ratio)
    numbers = np.unique(np.array(lines.sizes), return_counts=True)
    return sum(
        count * _line_ous(size, segments, kept, lines.width)
        for size, count in zip(*(values.tolist() for values in numbers), strict=True)
    )


def _line_ous(size: int, segments: int, kept: int, width: int) -> float:
    low, high = max(0, kept - (segments - size)), min(size, kept)
    k = np.arange(low, high + 1, dtype=np.float64)
    # From each count to the next; logarithms, since the smallest are below any float.
    more = (
        (size - k[:-1]) * (kept - k[:-1]) / ((k[:-1] + 1) * (segments - size - kept + k[:-1] + 1))
    )
    logarithms = np.concatenate([[0.0], np.cumsum(np.log(more))])
    shares = np.exp(logarithms - logarithms.max())
    return float((shares * np.ceil(k / width)).sum() / shares.sum())
