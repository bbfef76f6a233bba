"""The lossy path: pattern tables instead of bit-line sums, for OUs of few word lines.

Two arrangements, chosen for each OU from the records. OUs with the same inputs (a row block) see
the same patterns: one table row holds what all of them add, for every output of the layer. OUs with
inputs of their own are taken a batch at a time, each with a table of its own columns, and those
with the same outputs are summed before they are added.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cosim.golden.groups import group_numbers, weight_columns
from cosim.golden.patterns import pattern_numbers, pattern_table, value_type
from cosim.golden.planes import bit_planes, combine_planes
from cosim.golden.records import OuRecords

__all__ = ["LOOKUP_ROWS_MAX", "TABLE_BYTES", "PatternLookup"]

LOOKUP_ROWS_MAX = 12
"""Most word lines of an OU for which all patterns are tabulated."""
TABLE_BYTES = 128 << 20
"""Tables that a layer keeps; those beyond are made again in every pass."""
_PASS_ELEMENTS = 1 << 19
"""Values of one plane step that are held at once, to stay in the processor's caches."""
_BATCH_OUS = 256
"""OUs with inputs of their own that are looked up at once."""
_BATCH_BITS = 512
"""Bits of a word line, planes by positions, for which a batch is looked up at once."""
_SHARED_COST = 16
"""Outputs that a shared table row can add in the time of one lookup of a single OU."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Batch:
    """OUs that are looked up at once; their ``runs`` have the same outputs and fit the type."""

    ous: np.ndarray
    inputs: np.ndarray
    runs: list[slice]


class PatternLookup:
    """Accumulators of a layer, looked up pattern by pattern.

    Parameters
    ----------
    records : OuRecords
        The layer; at most :data:`LOOKUP_ROWS_MAX` word lines in an OU.
    table_bytes : int
        Memory for tables that are kept between calls.
    """

    def __init__(self, records: OuRecords, *, table_bytes: int = TABLE_BYTES) -> None:
        ou_rows = records.inputs.shape[1]
        if ou_rows > LOOKUP_ROWS_MAX:
            raise ValueError(f"an OU of {ou_rows} word lines has too many patterns to tabulate")
        self._records = records
        self._kept: dict[Hashable, np.ndarray] = {}
        self._free_bytes = table_bytes
        self._dtype = value_type(records)
        self._limit = np.iinfo(self._dtype).max // records.value_bound
        self._shared: list[np.ndarray] = []
        single: list[np.ndarray] = []
        for ous in group_numbers(records.inputs):
            (self._shared if self._is_shared(ous) else single).append(ous)
        self._batches = list(self._split(np.concatenate(single))) if single else []
        self.positions_per_pass = max(
            1, _PASS_ELEMENTS // (max(records.cols, 128) * records.activation.bits)
        )

    @property
    def pays(self) -> bool:
        """Whether looking up is faster than computing every bit-line sum.

        It is when all tables are kept, and also when one pass looks up as many bits as a table has
        patterns, so that making it again pays.
        """
        records = self._records
        patterns = 1 << records.inputs.shape[1]
        wide = len(self._shared) * records.cols
        narrow = sum(len(batch.ous) for batch in self._batches) * records.outputs.shape[1]
        size = patterns * (wide + narrow) * np.dtype(self._dtype).itemsize
        return size <= TABLE_BYTES or patterns <= self.positions_per_pass * records.activation.bits

    def accumulate(self, windows: np.ndarray) -> np.ndarray:
        """Accumulators, int64 array of shape (P, C), of windows of shape (P, R)."""
        records = self._records
        lines = bit_planes(windows, records.activation)
        _, planes, positions = lines.shape
        lines = lines.reshape(len(lines), planes * positions)
        acc = np.zeros((planes * positions, records.cols), dtype=np.int64)
        if self._shared:
            self._add_shared(acc, lines)
        if self._batches:
            self._add_batches(acc, lines)
        return combine_planes(acc.reshape(planes, positions, -1), records.activation)

    def _is_shared(self, ous: np.ndarray) -> bool:
        if len(ous) * _SHARED_COST < self._records.cols:
            return False
        outputs = self._records.outputs[ous]
        outputs = outputs[outputs >= 0]
        return len(np.unique(outputs)) == len(outputs)

    def _split(self, ous: np.ndarray) -> Iterator[_Batch]:
        """Batches of OUs, and in each the runs of OUs with the same outputs."""
        outputs = self._records.outputs[ous]
        order = np.lexsort(outputs.T)
        ous, outputs = ous[order], outputs[order]
        for start in range(0, len(ous), _BATCH_OUS):
            batch = slice(start, start + _BATCH_OUS)
            changes = np.any(outputs[batch][1:] != outputs[batch][:-1], axis=1)
            edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(ous[batch])]
            runs = [
                slice(first, min(first + self._limit, last))
                for edge, last in pairwise(edges)
                for first in range(edge, last, self._limit)
            ]
            yield _Batch(ous=ous[batch], inputs=self._records.inputs[ous[batch]], runs=runs)

    def _table(
        self, key: Hashable, make: Callable[[np.ndarray], np.ndarray], ous: np.ndarray
    ) -> np.ndarray:
        """The table called ``key``; made now unless it is kept, and kept if there is room."""
        table = self._kept.get(key)
        if table is None:
            table = make(ous)
            if table.nbytes <= self._free_bytes:
                self._free_bytes -= table.nbytes
                self._kept[key] = table
        return table

    def _add_shared(self, acc: np.ndarray, lines: np.ndarray) -> None:
        inputs = self._records.inputs[[ous[0] for ous in self._shared]]
        numbers = pattern_numbers(lines, inputs)
        found = np.empty(acc.shape, dtype=self._dtype)
        total = np.zeros(acc.shape, dtype=self._dtype)
        for group, ous in enumerate(self._shared):
            table = self._table(("shared", group), self._shared_table, ous)
            np.take(table, numbers[group], axis=0, out=found, mode="clip")
            total += found
            if (group + 1) % self._limit == 0:  # one more could leave the narrow type
                acc += total
                total[:] = 0
        acc += total

    def _shared_table(self, ous: np.ndarray) -> np.ndarray:
        """Values (patterns, C) of OUs with the same inputs and no output twice."""
        outputs = self._records.outputs[ous].ravel()
        order = np.argsort(outputs)[np.count_nonzero(outputs < 0) :]
        arrays = [levels[:, :, order] for levels in weight_columns(self._records, ous)]
        values = pattern_table(self._records, arrays)
        if len(order) == self._records.cols:
            return values
        table = np.zeros((len(values), self._records.cols), dtype=self._dtype)
        table[:, outputs[order]] = values
        return table

    def _batch_table(self, ous: np.ndarray) -> np.ndarray:
        """Values (patterns * n, ou_weights): all OUs for pattern 0, then for pattern 1."""
        table = pattern_table(self._records, weight_columns(self._records, ous))
        return table.reshape(-1, self._records.outputs.shape[1])

    def _add_batches(self, acc: np.ndarray, lines: np.ndarray) -> None:
        records = self._records
        sums = np.zeros((records.cols + 1, lines.shape[1]), dtype=np.int64)  # output -1 is the last
        for index, batch in enumerate(self._batches):
            table = self._table(("batch", index), self._batch_table, batch.ous)
            place = np.arange(len(batch.ous))[:, None]
            for start in range(0, lines.shape[1], _BATCH_BITS):
                bits = slice(start, start + _BATCH_BITS)
                number = pattern_numbers(lines[:, bits], batch.inputs).astype(np.intp)
                number *= len(batch.ous)
                number += place
                found = np.take(table, number, axis=0, mode="clip")
                for run in batch.runs:
                    total = found[run].sum(axis=0, dtype=self._dtype)
                    for column, output in enumerate(records.outputs[batch.ous[run.start]]):
                        sums[output, bits] += total[:, column]
        acc += sums[:-1].T
