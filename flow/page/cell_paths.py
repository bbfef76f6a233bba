"""Cells of a crossbar as SVG paths: one a class, made of rectangles as large as they can be."""

import numpy as np

__all__ = ["cell_paths"]


def cell_paths(cells: np.ndarray, classes: int) -> list[str]:
    """Path data for each class from 1; class 0 is not drawn.

    Rows that are alike are drawn together, and cells that are alike in a row: what a path covers is
    exactly the cells of its class. The unit is a cell.

    Parameters
    ----------
    cells : uint8 array, shape (rows, cols)
        Class of each cell.
    classes : int
        Number of classes.
    """
    paths: list[list[str]] = [[] for _ in range(classes)]
    rows, cols = cells.shape
    first = np.flatnonzero(np.r_[True, (cells[1:] != cells[:-1]).any(axis=1)])
    for top, bottom in zip(first.tolist(), [*first[1:].tolist(), rows], strict=True):
        row, high = cells[top], bottom - top
        begin = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        ends = [*begin[1:].tolist(), cols]
        for left, right, kind in zip(begin.tolist(), ends, row[begin].tolist(), strict=True):
            if kind:
                wide = right - left
                paths[kind].append(f"M{left} {top}h{wide}v{high}h-{wide}z")
    return ["".join(path) for path in paths[1:]]
