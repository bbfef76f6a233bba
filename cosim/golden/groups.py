"""OUs that share their inputs, found in the records themselves."""

from dataclasses import dataclass

import numpy as np

from cosim.golden.records import OuRecords

__all__ = ["Group", "group_by_inputs", "group_numbers"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Weight columns that are driven by the same word lines.

    Parameters
    ----------
    ous : int array, shape (n,)
        Numbers of the OUs.
    inputs : int array, shape (rows,)
        Logical inputs; word lines without an input are left out.
    outputs : int array, shape (K,)
        Logical outputs of the weight columns; columns without an output are left out.
    arrays : tuple of uint8 array, shape (rows, slices, K)
        Cell levels of the array, or of the positive and the negative array.
    unique : bool
        Whether no output occurs twice.
    """

    ous: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    arrays: tuple[np.ndarray, ...]
    unique: bool


def group_numbers(keys: np.ndarray) -> list[np.ndarray]:
    """Row numbers of ``keys``, int array of shape (N, k), one array for each distinct row."""
    if not len(keys):
        return []
    _, group = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    counts = np.bincount(group.ravel())
    return np.split(order, np.cumsum(counts)[:-1])


def group_by_inputs(records: OuRecords) -> list[Group]:
    """Groups of OUs with the same inputs on the same word lines."""
    return [_group(records, ous) for ous in group_numbers(records.inputs)]


def _group(records: OuRecords, ous: np.ndarray) -> Group:
    inputs = records.inputs[ous[0]]
    outputs = records.outputs[ous].ravel()
    lines, columns = inputs >= 0, outputs >= 0
    arrays = []
    for levels in records.arrays:
        by_row = levels[ous].transpose(1, 3, 0, 2)  # word line, slice, OU, weight column
        by_row = by_row.reshape(*by_row.shape[:2], len(outputs))
        arrays.append(np.ascontiguousarray(by_row[lines][:, :, columns]))
    outputs = outputs[columns]
    return Group(
        ous=ous,
        inputs=inputs[lines],
        outputs=outputs,
        arrays=tuple(arrays),
        unique=len(np.unique(outputs)) == len(outputs),
    )
