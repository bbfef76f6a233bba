"""Index formats: encoders whose size is the length of a bit string that decodes to the records.

``docs/mapping-tables.md`` draws the bit strings. A format that is added to :data:`FORMATS` is
measured with the others.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.index_fields import (
    index_fields,
    index_widths,
    input_mode,
    output_mode,
    rows_of_block,
)
from arch.layer import LayerSpec
from arch.packing import pack_records, segment_grid
from arch.tables import LayerTable

__all__ = ["FORMATS", "Bitmap", "Encoded", "Explicit", "IndexFormat", "entropy_bits"]

_CHUNK = 1 << 15
"""OUs whose records are encoded at a time; a multiple of 8, so that each part is whole bytes."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """The index of one layer as a bit string.

    Parameters
    ----------
    bits : int
        Length of the bit string.
    payload : bytes
        The bit string: bit ``i`` is bit ``i % 8`` of byte ``i // 8``; what is over is zero.
    parameters : mapping
        What a decoder is built with besides the shape of the layer and the geometry.
    """

    bits: int
    payload: bytes
    parameters: Mapping[str, int | str]


class IndexFormat(Protocol):
    """An index format."""

    def encode(self, table: LayerTable, geometry: Geometry) -> Encoded:
        """The index of a layer.

        Raises
        ------
        :exc:`ValueError`
            If the format cannot express the records.
        """

    def decode(
        self, encoded: Encoded, spec: LayerSpec, geometry: Geometry
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs of every OU, exactly as the encoded table has them.

        Raises
        ------
        :exc:`ValueError`
            If the bit string does not have the length that it must have.
        """


class Explicit:
    """One record of fixed width per OU, with the fields of :mod:`arch.index_fields`.

    It is what the index memory of the layer alone holds, but for fields of no bits, which take one
    there.
    """

    def encode(self, table: LayerTable, geometry: Geometry) -> Encoded:
        """The records of all OUs, one after the other."""
        input_, output = input_mode(table), output_mode(table)
        fields = index_fields(table, geometry, input_mode=input_, output_mode=output)
        widths = index_widths(
            table.spec.rows, table.spec.cols, geometry, input_mode=input_, output_mode=output
        )
        return Encoded(
            bits=table.ous * sum(count * bits for count, bits in widths.values()),
            payload=b"".join(_records(fields, widths, table.ous)),
            parameters={"ous": table.ous, "input_mode": input_, "output_mode": output},
        )

    def decode(
        self, encoded: Encoded, spec: LayerSpec, geometry: Geometry
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs of the records."""
        ous = int(encoded.parameters["ous"])
        widths = index_widths(
            spec.rows,
            spec.cols,
            geometry,
            input_mode=str(encoded.parameters["input_mode"]),
            output_mode=str(encoded.parameters["output_mode"]),
        )
        width = sum(count * bits for count, bits in widths.values())
        records = _bit_string(encoded, ous * width).reshape(ous, width)
        fields, start = {}, 0
        for name, (count, bits) in widths.items():
            part = records[:, start : start + count * bits]
            fields[name] = _from_bits(part.reshape(ous, count, bits))
            start += count * bits
        return _inputs(fields, spec.rows, geometry), _outputs(fields, spec.cols, geometry)


def _records(
    fields: Mapping[str, np.ndarray], widths: Mapping[str, tuple[int, int]], ous: int
) -> Iterator[bytes]:
    """The bit string of all records, as whole bytes: some OUs at a time, since bits take memory."""
    for start in range(0, ous, _CHUNK):
        bits = [
            _to_bits(fields[name][start : start + _CHUNK].reshape(-1, count), bits).reshape(
                min(_CHUNK, ous - start), count * bits
            )
            for name, (count, bits) in widths.items()
        ]
        yield _payload(np.concatenate(bits, axis=1))


def _inputs(fields: Mapping[str, np.ndarray], rows: int, geometry: Geometry) -> np.ndarray:
    if "block" in fields:
        return rows_of_block(fields["block"][:, 0], geometry.ou_rows, rows)
    row = fields["blocks"] * geometry.ou_rows + fields["lanes"]
    return np.where(fields["lanes"] == geometry.ou_rows, -1, row).astype(np.int32)


def _outputs(fields: Mapping[str, np.ndarray], cols: int, geometry: Geometry) -> np.ndarray:
    if "group" in fields:
        return rows_of_block(fields["group"][:, 0], geometry.ou_weights, cols)
    return np.where(fields["outputs"] == cols, -1, fields["outputs"]).astype(np.int32)


class Bitmap:
    """One bit a segment, 1 where it is kept; the records follow by :mod:`arch.packing`.

    Segments outside the groups of a layer have no bit.

    ``column_vector``: row block by row block, columns ascending. ``row_vector``: column group by
    column group, rows ascending.
    """

    def encode(self, table: LayerTable, geometry: Geometry) -> Encoded:
        """The mask of kept segments; refuses records that are not packed by the rule."""
        spec = table.spec
        kept = np.zeros(segment_grid(spec.rows, spec.cols, spec.scheme, geometry), dtype=np.bool_)
        if spec.scheme == "column_vector":
            line = np.clip(table.inputs[:, :1] // geometry.ou_rows, 0, None)
            line, member = np.broadcast_arrays(line, table.outputs)
            kept[line[member >= 0], member[member >= 0]] = True
        else:
            line = np.clip(table.outputs[:, :1] // geometry.ou_weights, 0, None)
            line, member = np.broadcast_arrays(line, table.inputs)
            kept[member[member >= 0], line[member >= 0]] = True
        there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
        inputs, outputs = pack_records(kept & there, spec.rows, spec.cols, spec.scheme, geometry)
        if not (np.array_equal(inputs, table.inputs) and np.array_equal(outputs, table.outputs)):
            raise ValueError(
                f"layer {spec.name}: the OUs are not packed by the rule of {spec.scheme}, "
                f"so that no bitmap gives them"
            )
        # Row block by row block, or column group by column group; what is in no group has no bit.
        lines, bits = (kept, there) if spec.scheme == "column_vector" else (kept.T, there.T)
        present = lines[bits]
        return Encoded(bits=present.size, payload=_payload(present), parameters={})

    def decode(
        self, encoded: Encoded, spec: LayerSpec, geometry: Geometry
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs that the packing rule gives for the mask."""
        there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
        lines = there if spec.scheme == "column_vector" else there.T
        kept = np.zeros(lines.shape, dtype=np.bool_)
        kept[lines] = _bit_string(encoded, int(np.count_nonzero(lines)))
        if spec.scheme != "column_vector":
            kept = kept.T
        return pack_records(kept, spec.rows, spec.cols, spec.scheme, geometry)


FORMATS: Mapping[str, IndexFormat] = {"explicit": Explicit(), "bitmap": Bitmap()}
"""Every index format by name."""


def entropy_bits(segments: int, kept: int) -> float:
    """Bits that tell every mask of ``kept`` among ``segments`` segments apart, on average.

    ``log2(binomial(segments, kept))``, the bound that no index format for all such masks can beat;
    the relative error is below 1e-9.

    Raises
    ------
    :exc:`ValueError`
        If ``kept`` is not between 0 and ``segments``.
    """
    if not 0 <= kept <= segments:
        raise ValueError(f"kept must be 0 to {segments}, not {kept}")
    fewer = min(kept, segments - kept)
    if fewer <= 1000:
        # Exact, where the differences of large logarithms below would lose digits.
        return math.log2(math.comb(segments, fewer))
    logarithm = math.lgamma(segments + 1) - math.lgamma(kept + 1) - math.lgamma(segments - kept + 1)
    return logarithm / math.log(2)


def _to_bits(values: np.ndarray, bits: int) -> np.ndarray:
    return (values[..., None] >> np.arange(bits)) & 1


def _from_bits(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.int64) << np.arange(bits.shape[-1])).sum(axis=-1)


def _payload(bits: np.ndarray) -> bytes:
    return np.packbits(bits.astype(np.bool_).ravel(), bitorder="little").tobytes()


def _bit_string(encoded: Encoded, length: int) -> np.ndarray:
    if encoded.bits != length or len(encoded.payload) != -(-length // 8):
        raise ValueError(
            f"the bit string must have {length} bits, not {encoded.bits} "
            f"in {len(encoded.payload)} bytes"
        )
    payload = np.frombuffer(encoded.payload, dtype=np.uint8)
    return np.unpackbits(payload, count=length, bitorder="little")
