"""What a probe in an engine must show: the result of one OU, the results of one step."""

import numpy as np

from arch.geometry import Geometry
from arch.network_step import Step
from arch.tables import LayerTable
from arch.tiles import ous_by_tile
from cosim.golden.trace import trace_window

__all__ = ["ou_result", "step_results"]


def step_results(step: Step, feature_map: np.ndarray) -> np.ndarray:
    """Results of a step in the order in which an engine gives them.

    Parameters
    ----------
    step : Step
        Which.
    feature_map : int array, shape (C, H, W)
        What it gives.

    Returns
    -------
    int64 array, shape (C * H * W,)
    """
    if step.channels_inner:
        feature_map = feature_map.transpose(1, 2, 0)
    return feature_map.astype(np.int64).reshape(-1)


def ou_result(
    table: LayerTable,
    geometry: Geometry,
    windows: np.ndarray,
    *,
    tile: int,
    number: int,
    skips: bool,
) -> np.ndarray | None:
    """The result of one of the OUs of a tile, in the order in which they end.

    Parameters
    ----------
    windows : int array, shape (P, R)
        Inputs of all output positions.
    tile : int
        Whose OUs.
    number : int
        Which of them, counted from 0 over all positions; a tile without OUs ends one of zeros at
        each.
    skips : bool
        Whether planes without ones are skipped; an OU without any then gives no result, unless it
        is the last of its position.

    Returns
    -------
    int64 array, shape (ou_weights,), or None
        What it adds to the output of each weight column; None if the tile has fewer OUs.
    """
    ous = ous_by_tile(table, geometry.tiles)[tile]
    if not len(ous):  # an OU of zeros stands in the place of none
        return np.zeros(geometry.ou_weights, np.int64) if number < len(windows) else None
    if not skips:
        position, place = divmod(number, len(ous))
        if position >= len(windows):
            return None
        return _partial(table, geometry, windows[position], int(ous[place]))
    for window in windows:
        drive = np.append(window.astype(np.int64), 0)[table.inputs[ous]]
        ends = np.flatnonzero(drive.any(axis=1) | (np.arange(len(ous)) == len(ous) - 1))
        if number < len(ends):
            return _partial(table, geometry, window, int(ous[ends[number]]))
        number -= len(ends)
    return None


def _partial(table: LayerTable, geometry: Geometry, window: np.ndarray, ou: int) -> np.ndarray:
    partial: np.ndarray = trace_window(table, geometry, window).partials[ou]
    return partial
