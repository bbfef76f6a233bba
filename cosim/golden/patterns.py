"""Pattern tables: what an OU adds in one plane, for every pattern of bits on its word lines.

With ``r`` word lines a plane shows an OU one of ``2**r`` patterns. Conversion by the ADC, joining
of the slices, subtraction of the negative array and offset correction depend on the pattern alone,
so all of them are done once for each pattern and looked up afterwards.
"""

from collections.abc import Sequence

import numpy as np

from cosim.golden.records import OuRecords

__all__ = ["pattern_numbers", "pattern_table", "value_type"]


def value_type(records: OuRecords) -> type[np.signedinteger]:
    """Narrowest of int16 and int32 that holds what one OU adds to one output in one plane."""
    return np.int16 if records.value_bound <= np.iinfo(np.int16).max else np.int32


def pattern_table(records: OuRecords, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Value of each weight column for each pattern.

    Word line ``i`` is bit ``i`` of the pattern. A word line without an input must be 0 in every
    pattern that is looked up: the offset correction counts all ones.

    Parameters
    ----------
    arrays : one or two uint8 arrays, shape (ou_rows, slices, K)
        Cell levels of ``K`` weight columns, as :func:`weight_columns` arranges them.

    Returns
    -------
    int16 or int32 array, shape (2**ou_rows, K)
        Type as :func:`value_type` says.
    """
    table = _joined_codes(records, arrays[0])
    if len(arrays) == 2:
        table -= _joined_codes(records, arrays[1])
    if records.offset:
        ones = np.bitwise_count(np.arange(len(table), dtype=np.uint16))
        table -= (ones.astype(table.dtype) * table.dtype.type(records.offset))[:, None]
    return table


def _joined_codes(records: OuRecords, levels: np.ndarray) -> np.ndarray:
    level_max = (1 << records.cell_bits) - 1
    code_max = min(len(levels) * level_max, records.code_max)
    codes = _codes(levels, level_max, code_max)
    # Horner's rule from the most significant slice, in the narrow type for as long as it holds.
    bound, joined = code_max, codes[:, -1]
    for piece in range(records.slices - 2, -1, -1):
        bound = (bound << records.cell_bits) + code_max
        if bound > np.iinfo(joined.dtype).max:
            joined = joined.astype(value_type(records))
        # A product, since NumPy shifts bytes some ten times slower than it multiplies them.
        joined = joined * joined.dtype.type(1 << records.cell_bits)
        joined += codes[:, piece].astype(joined.dtype, copy=False)
    return joined.astype(value_type(records))


def _codes(levels: np.ndarray, level_max: int, code_max: int) -> np.ndarray:
    """ADC codes (patterns, ...) of cells (ou_rows, ...), by doubling the set of word lines.

    Sums of levels only grow, so a sum that is cut at ``code_max`` early stays exact, and narrow.
    """
    ou_rows = len(levels)
    fits = code_max + level_max <= np.iinfo(np.uint8).max
    dtype = np.uint8 if fits else np.uint16
    codes = np.empty((1 << ou_rows, *levels.shape[1:]), dtype=dtype)
    codes[0] = 0
    # An array, since NumPy's minimum with a scalar is some twenty times slower.
    ceiling = np.full(levels.shape[1:], code_max, dtype=dtype)
    for line, cells in enumerate(levels):
        half = 1 << line
        new = codes[half : 2 * half]
        np.add(codes[:half], cells.astype(dtype), out=new)
        if (line + 1) * level_max > code_max:
            np.minimum(new, ceiling, out=new)
    return codes


def pattern_numbers(lines: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Pattern that word lines show.

    Parameters
    ----------
    lines : uint8 array, shape (R + 1, B)
        0 or 1; the last row is zero.
    inputs : int array, shape (n, ou_rows)
        Rows of ``lines``; ``ou_rows`` is at most 16.

    Returns
    -------
    uint16 array, shape (n, B)
    """
    total = _byte(lines, inputs[:, :8]).astype(np.uint16)
    if inputs.shape[1] > 8:
        total |= _byte(lines, inputs[:, 8:]).astype(np.uint16) << np.uint16(8)
    return total


def _byte(lines: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    total = lines[inputs[:, -1]]
    bit = np.empty_like(total)
    for line in range(inputs.shape[1] - 2, -1, -1):
        np.take(lines, inputs[:, line], axis=0, out=bit, mode="wrap")  # -1 is the last row
        total += total
        total |= bit
    return total
