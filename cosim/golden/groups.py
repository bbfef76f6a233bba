"""OUs that share their inputs, found in the records themselves."""

from dataclasses import dataclass

import numpy as np

from cosim.golden.records import OuRecords

__all__ = ["Group", "group_by_inputs", "group_numbers", "weight_columns"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Weight columns that are driven by the same word lines.

    Parameters
    ----------
    inputs : int array, shape (rows,)
        Logical inputs; word lines without an input are left out.
    outputs : int array, shape (K,)
        Logical outputs of the weight columns, ascending; columns without one are left out.
    arrays : tuple of uint8 array, shape (rows, slices, K)
        Cell levels of the array, or of the positive and the negative array.
    unique : bool
        Whether no output occurs twice.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    arrays: tuple[np.ndarray, ...]
    unique: bool


def group_numbers(keys: np.ndarray) -> list[np.ndarray]:
    """Row numbers of ``keys``, int array of shape (N, k), one array for each distinct row."""
    if not len(keys):
        return []
    order = np.lexsort(keys.T)
    ordered = keys[order]
    starts = np.flatnonzero(np.any(ordered[1:] != ordered[:-1], axis=1)) + 1
    return np.split(order, starts)


def weight_columns(records: OuRecords, ous: np.ndarray) -> tuple[np.ndarray, ...]:
    """Cell levels of the OUs ``ous``, side by side.

    Returns
    -------
    tuple of uint8 array, shape (ou_rows, slices, n * ou_weights)
        Of the array, or of the positive and the negative array.
    """
    by_row = (levels[ous].transpose(1, 3, 0, 2) for levels in records.arrays)
    return tuple(rows.reshape(*rows.shape[:2], -1) for rows in by_row)


def group_by_inputs(records: OuRecords) -> list[Group]:
    """Groups of OUs with the same inputs on the same word lines."""
    return [_group(records, ous) for ous in group_numbers(records.inputs)]


def _group(records: OuRecords, ous: np.ndarray) -> Group:
    inputs = records.inputs[ous[0]]
    outputs = records.outputs[ous].ravel()
    lines = inputs >= 0
    columns = np.argsort(outputs, kind="stable")[np.count_nonzero(outputs < 0) :]
    arrays = (levels[lines][:, :, columns] for levels in weight_columns(records, ous))
    outputs = outputs[columns]
    return Group(
        inputs=inputs[lines],
        outputs=outputs,
        arrays=tuple(arrays),
        unique=not np.any(outputs[1:] == outputs[:-1]),
    )
