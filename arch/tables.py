"""Mapping tables in memory: the OU records of every layer of a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from arch.geometry import Geometry
from arch.host import HostSpec
from arch.layer import LayerSpec

__all__ = ["LayerTable", "MappingTables"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTable:
    """The OU records and the requantisation of one layer; ``N`` OUs, in issue order.

    Parameters
    ----------
    spec : LayerSpec
        What the layer is.
    crossbar, slot_row, slot_col : int32 array, shape (N,)
        Where the OU is stored. Crossbars are counted from 0 in each layer.
    inputs : int32 array, shape (N, ou_rows)
        Logical input (matrix row) of each word line, -1 for none.
    outputs : int32 array, shape (N, ou_weights)
        Logical output (matrix column) of each weight column, -1 for none.
    cells : uint8 array, shape (N, ou_rows, ou_cols)
        Cell levels; the slices of a weight are neighbours, least significant first.
    cells_negative : uint8 array, shape (N, ou_rows, ou_cols), or None
        Levels of the negative array when the encoding is differential.
    multiplier, shift, bias : int64 array, shape (C,)
        Requantisation of each output channel, see :func:`arch.fixed.requantise`.
    segments, segments_kept : int
        Segments of the layer under its sparsity structure, and how many were kept.
    matrix_sha256 : str
        SHA-256 of the pruned integer weight matrix as int8 bytes, row by row, pruned weights zero.
        It lets a reader check that every weight is stored, without the network.
    """

    spec: LayerSpec
    crossbar: np.ndarray
    slot_row: np.ndarray
    slot_col: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    cells: np.ndarray
    cells_negative: np.ndarray | None
    multiplier: np.ndarray
    shift: np.ndarray
    bias: np.ndarray
    segments: int
    segments_kept: int
    matrix_sha256: str

    @property
    def ous(self) -> int:
        """Operation units of the layer."""
        return len(self.crossbar)


@dataclass(frozen=True, kw_only=True, eq=False)
class MappingTables:
    """The tables of a network.

    Parameters
    ----------
    name : str
        Name of the network.
    geometry : Geometry
        Crossbar and OU that every layer was packed for.
    layers : tuple of LayerTable
        In the order in which they run.
    host : tuple of HostSpec
        Operations between the layers that the host computes, see :func:`arch.host.run_order`.
    sha256 : str
        Hash of the files that hold the tables; empty until they are written or read.
    provenance : mapping
        Free text about the origin (no times, no paths).
    """

    name: str
    geometry: Geometry
    layers: tuple[LayerTable, ...]
    host: tuple[HostSpec, ...] = ()
    sha256: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> LayerTable:
        """The layer called ``name``; raises :exc:`ValueError` that lists the names if it is not."""
        for table in self.layers:
            if table.spec.name == name:
                return table
        names = ", ".join(table.spec.name for table in self.layers)
        raise ValueError(f"no layer {name!r}; the layers are {names}")
