"""Where a row of a weight matrix comes from in its network."""

from dataclasses import dataclass

from arch.layer import LayerSpec

__all__ = ["InputElement", "RowPlace", "element_of_row", "place_of_position", "place_of_row"]


@dataclass(frozen=True, kw_only=True)
class RowPlace:
    """What a row of the matrix multiplies.

    Of a convolution ``row`` and ``col`` are of the kernel, of a linear layer of its input map.
    """

    kind: str
    channel: int
    row: int
    col: int

    def __str__(self) -> str:
        of = "kernel" if self.kind == "conv2d" else "input"
        return f"input channel {self.channel}, {of} row {self.row}, {of} column {self.col}"


@dataclass(frozen=True, kw_only=True)
class InputElement:
    """The element of the input map that a row reads at one output position.

    ``inside`` is false in the padding, where the zero point is read.
    """

    channel: int
    row: int
    col: int
    inside: bool

    def __str__(self) -> str:
        text = f"channel {self.channel}, row {self.row}, column {self.col}"
        return text if self.inside else f"{text}: padding"


def place_of_row(spec: LayerSpec, row: int) -> RowPlace:
    """What row ``row`` of the matrix multiplies: rows are in the order channel, row, column."""
    _, height, width = spec.in_shape
    if spec.kind == "conv2d":
        height, width = spec.kernel
    channel, place = divmod(row, height * width)
    return RowPlace(kind=spec.kind, channel=channel, row=place // width, col=place % width)


def place_of_position(spec: LayerSpec, position: int) -> tuple[int, int]:
    """Row and column of an output position: positions are counted row by row."""
    return divmod(position, spec.out_shape[2])


def element_of_row(spec: LayerSpec, row: int, position: int) -> InputElement:
    """The element of the input map that row ``row`` reads at output position ``position``."""
    place = place_of_row(spec, row)
    down, across = place.row, place.col
    if spec.kind == "conv2d":
        y, x = place_of_position(spec, position)
        down = y * spec.stride[0] - spec.padding[0] + down * spec.dilation[0]
        across = x * spec.stride[1] - spec.padding[1] + across * spec.dilation[1]
    inside = 0 <= down < spec.in_shape[1] and 0 <= across < spec.in_shape[2]
    return InputElement(channel=place.channel, row=down, col=across, inside=inside)
