"""What a directory tells of its hardware and of the choice of segments, for explanations."""

from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.table_files import load
from arch.tables import LayerTable, MappingTables
from flow.run_hardware import run_hardware
from flow.tables_path import tables_of
from sw.capture import identifier
from sw.mapping.hardware_view import HardwareView
from sw.mapping.segment_rank import SegmentRank, rank_segment
from sw.policy import read_policy
from sw.tensor_file import read_any_tensors

__all__ = ["chosen_ratio", "hardware_view", "segment_rank"]

_DENSE = "train/network.safetensors"
_POLICY = "policy.yaml"


def hardware_view(directory: Path) -> HardwareView:
    """The tables in a run directory, or the directory itself, and the engines that run them.

    The hardware is that of the configuration whose Verilog was written last, or as by default.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are no tables, or something is damaged.
    """
    tables = load(tables_of(directory))
    try:
        return HardwareView.of(tables, **run_hardware(directory).network_built_as)
    except ValueError as error:
        raise InputError(f"{directory}: no engine can be made of the tables: {error}") from error


def segment_rank(
    directory: Path, tables: MappingTables, place: tuple[str, int, int]
) -> SegmentRank | None:
    """The norm of a segment among those of its layer, if the directory has the dense network.

    Parameters
    ----------
    place : tuple of (str, int, int)
        Layer, row and column of a weight.
    """
    name, row, col = place
    path = directory / _DENSE
    table = next((table for table in tables.layers if table.spec.name == name), None)
    if table is None or not path.is_file():
        return None
    weights = _matrix(read_any_tensors(path), table)
    if weights is None or not (0 <= row < table.spec.rows and 0 <= col < table.spec.cols):
        return None
    return rank_segment(weights, table.spec, (row, col), geometry=tables.geometry)


def chosen_ratio(directory: Path, layer: str) -> float | None:
    """The ratio of a layer in the policy, if the directory has one."""
    path = directory / _POLICY
    return read_policy(path).ratios.get(layer) if path.is_file() else None


def _matrix(tensors: dict[str, np.ndarray], table: LayerTable) -> np.ndarray | None:
    """The weights of a layer as :func:`sw.segments.norms` takes them; None if there are none."""
    for name, tensor in tensors.items():
        owner = name.removesuffix(".weight")
        if owner == name or identifier(owner) != table.spec.name or not tensor.size:
            continue
        matrix = tensor.reshape(len(tensor), -1).T
        own = (table.spec.rows // table.spec.groups, table.spec.cols)
        if matrix.shape == own and np.isfinite(matrix).all():
            return matrix
    return None
