"""The outline of an ONNX file: all of it but the data of its large tensors, which stay in the file.

A network of 500 MB is 500 MB of weights and a few hundred kilobytes of graph. What checks a graph
and infers its shapes copies its input several times, so it gets the outline. Nothing is allocated
for a weight before its size is known to be right, and shapes can be read without reading weights.

Protocol buffers are fields, each a tag and a value (protobuf.dev, "Encoding"). Only the messages on
the way to a tensor's data are opened here; everything else is copied for the library to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path

from arch.errors import InputError
from arch.regular_file import open_regular

__all__ = ["FILE_BYTES_MAX", "Outline", "Place", "read_outline"]

FILE_BYTES_MAX = 1 << 30
"""Largest file that is read."""
_OUTLINE_BYTES_MAX = 1 << 23
_FIELDS_MAX = 1 << 19
_CUT_ABOVE = 1024
"""Bytes of data above which a tensor stays in the file."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_DATA = {4: "float_data", 9: "raw_data", 10: "double_data"}
"""Fields of TensorProto whose bytes are the numbers, one after the other."""
# message -> field -> message within; as in onnx.proto.
_WITHIN = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor"},
    "tensor": {},
}
_SINGLE = {("model", 7), ("attribute", 5)}
"""Messages of which there is one; the library would merge two, and numbers would shift."""
_REFUSED = {
    ("model", 20): "what is needed to train it (training_info)",
    ("model", 25): "local functions; export it with functions inlined",
    ("graph", 15): "sparse weights",
    ("attribute", 6): "a graph within a node (If, Loop or Scan)",
    ("attribute", 11): "graphs within a node (If, Loop or Scan)",
    ("attribute", 22): "sparse weights",
    ("attribute", 23): "sparse weights",
    ("tensor", 3): "a tensor in segments",
    ("tensor", 13): "weights in other files (external data); save it as one file: "
    "torch.onnx.export(..., external_data=False)",
}


@dataclass(frozen=True)
class Place:
    """Where the data of a tensor lies in the file."""

    offset: int
    size: int
    kind: str


@dataclass(kw_only=True)
class Outline:
    """A file without the data of its large tensors.

    Parameters
    ----------
    data : bytes
        A ModelProto, encoded.
    initializers : dict of int to Place
        Data that was cut from an initialiser, by its number in the graph.
    attributes : dict of (int, int) to Place
        Data that was cut from a tensor in an attribute, by the numbers of node and attribute.
    """

    data: bytes = b""
    initializers: dict[int, Place] = field(default_factory=dict)
    attributes: dict[tuple[int, int], Place] = field(default_factory=dict)


def read_outline(path: Path) -> Outline:
    """Read the outline of an ONNX file.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is no such file, is too large, or holds what is refused.
    """
    with open_regular(path, size_max=FILE_BYTES_MAX) as (file, size):
        if not size:
            raise InputError(f"{path}: is empty")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _Cutter(data, path).cut()


class _Cutter:
    """Walks the messages of a file."""

    def __init__(self, data: mmap, path: Path) -> None:
        self.data = data
        self.path = path
        self.fields = 0
        self.kept = 0
        self.cut_from: Place | None = None
        self.outline = Outline()

    def cut(self) -> Outline:
        self.outline.data = self._message("model", 0, len(self.data), ())
        return self.outline

    def _message(self, kind: str, start: int, stop: int, numbers: tuple[int, ...]) -> bytes:
        """A message without the data of large tensors; ``numbers`` of the messages around it."""
        parts = []
        counts: dict[int, int] = {}
        for number, wire, begin, value, end in self._fields(start, stop):
            if (kind, number) in _REFUSED:
                raise InputError(f"{self.path}: holds {_REFUSED[kind, number]}")
            inner = _WITHIN[kind].get(number)
            if inner is not None and wire == _BYTES:
                place = counts.get(number, 0)
                counts[number] = place + 1
                if place and (kind, number) in _SINGLE:
                    raise self._damaged(f"has two of what is one: {inner}")
                self.cut_from = None
                body = self._message(inner, value, end, (*numbers, place))
                if inner == "tensor" and self.cut_from is not None:
                    self._remember(kind, (*numbers, place), self.cut_from)
                    self.cut_from = None
                parts.append(bytes([number << 3 | _BYTES]) + _varint(len(body)) + body)
                continue
            is_data = kind == "tensor" and number in _DATA and wire == _BYTES
            if is_data and end - value > _CUT_ABOVE:
                if self.cut_from is not None:
                    raise self._damaged("has the data of a tensor twice")
                self.cut_from = Place(value, end - value, _DATA[number])
                continue
            self.kept += end - begin
            if self.kept > _OUTLINE_BYTES_MAX:
                raise InputError(
                    f"{self.path}: holds more than {_OUTLINE_BYTES_MAX} bytes that are no weights"
                )
            parts.append(self.data[begin:end])
        return b"".join(parts)

    def _remember(self, kind: str, numbers: tuple[int, ...], place: Place) -> None:
        if kind == "graph":
            self.outline.initializers[numbers[-1]] = place
        else:
            self.outline.attributes[numbers[-3], numbers[-2]] = place

    def _fields(self, start: int, stop: int) -> Iterator[tuple[int, int, int, int, int]]:
        """Number, wire type, begin, begin of the value and end of every field."""
        place = start
        while place < stop:
            self.fields += 1
            if self.fields > _FIELDS_MAX:
                raise InputError(f"{self.path}: has more than {_FIELDS_MAX} fields")
            begin = place
            tag, place = self._read_varint(place, stop)
            number, wire = tag >> 3, tag & 7
            value = place
            if wire == _VARINT:
                _, place = self._read_varint(place, stop)
            elif wire == _BYTES:
                size, value = self._read_varint(place, stop)
                place = value + size
            elif wire in _WIDTHS:
                place += _WIDTHS[wire]
            else:
                raise self._damaged("has a field of an unknown type")
            if place > stop or not number:
                raise self._damaged("is truncated")
            yield number, wire, begin, value, place

    def _read_varint(self, place: int, stop: int) -> tuple[int, int]:
        value = shift = 0
        while place < stop and shift < 70:
            byte = self.data[place]
            place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, place
            shift += 7
        raise self._damaged("is truncated")

    def _damaged(self, what: str) -> InputError:
        return InputError(f"{self.path}: is damaged, or not an ONNX file: it {what}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
