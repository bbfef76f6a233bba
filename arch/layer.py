"""What a mapped layer is: its shape, its place in the network and its number formats."""

import re
from dataclasses import dataclass

from arch.fixed import ActFormat, OutFormat

__all__ = ["INPUT", "KINDS", "NAME", "SCHEMES", "LayerSpec"]

INPUT = "input"
"""The name that stands for the input of the network where a layer names its source."""
KINDS = ("conv2d", "linear")
SCHEMES = ("column_vector", "row_vector")
"""Sparsity structures, see ``docs/mapping-tables.md``."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What a layer can be called."""


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """One layer as a weight matrix ``W[rows, cols]``, applied at every output position.

    Rows are in im2col order: channel, then kernel row, then kernel column. A ``linear`` layer reads
    its whole input, flattened in the order channel, row, column, at its only position.

    Parameters
    ----------
    name : str
        An identifier, unique in the network.
    kind : str
        ``conv2d`` or ``linear``.
    source : str
        Name of the layer whose outputs are read, or :data:`INPUT`.
    in_shape, out_shape : tuple of int
        Channels, height and width; a ``linear`` layer has ``out_shape == (cols, 1, 1)``.
    kernel, stride, padding, dilation : tuple of int
        Vertical and horizontal; a ``linear`` layer has 1, 1, 0 and 1.
    groups : int
        Groups of channels that are computed apart from each other, see :mod:`arch.group_layout`;
        1 for a ``linear`` layer.
    scheme : str
        Sparsity structure, one of :data:`SCHEMES`.
    activation : ActFormat
        Format of the inputs.
    output : OutFormat
        Format of the outputs.

    Raises
    ------
    :exc:`ValueError`
        If a field is out of range, or ``out_shape`` does not follow from the others.
    """

    name: str
    kind: str
    source: str
    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    scheme: str = "column_vector"
    activation: ActFormat
    output: OutFormat

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name == INPUT:
            raise ValueError(f"layer name must be an identifier other than {INPUT}: {self.name!r}")
        if self.kind not in KINDS:
            raise ValueError(f"layer {self.name}: kind must be {' or '.join(KINDS)}: {self.kind!r}")
        if self.scheme not in SCHEMES:
            raise ValueError(
                f"layer {self.name}: scheme must be {' or '.join(SCHEMES)}: {self.scheme!r}"
            )
        sizes = (*self.in_shape, *self.out_shape, *self.kernel, *self.stride, *self.dilation)
        if min(sizes) < 1 or min(self.padding) < 0:
            raise ValueError(f"layer {self.name}: sizes must be positive, padding at least 0")
        channels = (self.in_shape[0], self.out_shape[0])
        if self.groups < 1 or any(count % self.groups for count in channels):
            raise ValueError(
                f"layer {self.name}: groups must divide the channels {channels}, not {self.groups}"
            )
        if self.kind == "linear" and self.groups != 1:
            raise ValueError(f"layer {self.name}: a linear layer has one group")
        if self.out_shape[1:] != self._out_size():
            raise ValueError(
                f"layer {self.name}: out_shape {self.out_shape} does not follow from in_shape "
                f"{self.in_shape}, which gives {self._out_size()}"
            )

    def _out_size(self) -> tuple[int, int]:
        if self.kind == "linear":
            return (1, 1)
        height, width = (
            (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
            for size, kernel, stride, pad, dilation in zip(
                self.in_shape[1:],
                self.kernel,
                self.stride,
                self.padding,
                self.dilation,
                strict=True,
            )
        )
        return (height, width)

    @property
    def rows(self) -> int:
        """Rows of the weight matrix: inputs of one output position."""
        channels, height, width = self.in_shape
        if self.kind == "linear":
            return channels * height * width
        return channels * self.kernel[0] * self.kernel[1]

    @property
    def cols(self) -> int:
        """Columns of the weight matrix: output channels."""
        return self.out_shape[0]

    @property
    def weights(self) -> int:
        """Weights of the dense layer: places of the matrix that lie in a group."""
        return self.rows * self.cols // self.groups

    @property
    def positions(self) -> int:
        """Output positions of one image."""
        return self.out_shape[1] * self.out_shape[2]
