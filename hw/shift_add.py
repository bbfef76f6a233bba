"""Shift-and-add: from the codes of every plane to what an OU adds to its outputs."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes
from hw.layouts import BitLines, OuResult

__all__ = ["ShiftAdd"]


class ShiftAdd(wiring.Component):
    """Join slices, undo the sign encoding, and weigh the planes.

    In each plane a weight column is worth ``sum over slices of code << (slice * cell_bits)``, less
    the same of the negative array when there are two, less ``2**(weight_bits - 1)`` for each driven
    word line when there is one (offset encoding: the sum of these over the planes is the sum of
    the inputs of the OU). Planes are added most significant first, ``sum = 2 * sum + plane``, and
    the sign plane is subtracted. Where planes are skipped, ``tag`` has the number of each, and
    ``sum = sum + (plane << number)``: a plane without ones is worth nothing in either encoding.

    Latency is two cycles from the last plane of an OU to its result; throughput is one plane per
    cycle; never stalls.

    Parameters
    ----------
    level_bits : int
        Width of a code.
    ou_rows, ou_cols : int
        Size of an OU.
    cell_bits, weight_bits : int
        Width of a cell and of a weight.
    arrays : int
        1 for offset encoding, 2 for differential encoding.
    value_bits : int
        Width of a signed result, wide enough for every input.
    tag : layout
        What comes beside a plane.

    Members
    -------
    i : ``In(stream.Signature(BitLines, always_ready=True))``
        Codes.
    o : ``Out(stream.Signature(OuResult, always_ready=True))``
        One result an OU.
    """

    def __init__(
        self, *, level_bits, ou_rows, ou_cols, cell_bits, weight_bits, arrays, value_bits, tag
    ):
        check_sizes(level_bits=level_bits, ou_rows=ou_rows, ou_cols=ou_cols, cell_bits=cell_bits)
        check_sizes(weight_bits=weight_bits, value_bits=value_bits)
        if arrays not in (1, 2):
            raise ValueError(f"arrays must be 1 or 2, not {arrays}")
        self._ou_cols = ou_cols
        self._cell_bits = cell_bits
        self._weight_bits = weight_bits
        self._arrays = arrays
        self._slices = -(-weight_bits // cell_bits)
        self._skips = "plane" in tag.members
        if self._slices > ou_cols:
            raise ValueError(f"ou_cols must be at least {self._slices}, one weight, not {ou_cols}")
        lines = BitLines(level_bits=level_bits, columns=arrays * ou_cols, ou_rows=ou_rows, tag=tag)
        result = OuResult(
            value_bits=value_bits,
            ou_weights=ou_cols // self._slices,
            outputs=tag["outputs"].shape,
        )
        super().__init__(
            {
                "i": In(stream.Signature(lines, always_ready=True)),
                "o": Out(stream.Signature(result, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tag = Signal(self.i.p.tag.shape())
        given = Signal()
        m.d.sync += [
            given.eq(self.i.valid),
            tag.eq(self.i.p.tag),
            self.o.valid.eq(given & tag.last),
            self.o.p.outputs.eq(tag.outputs),
            self.o.p.position_last.eq(tag.position_last),
        ]
        for weight, value in enumerate(self.o.p.values):
            plane = Signal(value.shape(), name=f"plane{weight}")
            m.d.sync += plane.eq(self._plane(weight))
            before = Mux(tag.first, 0, value if self._skips else value << 1)
            term = plane << tag.plane if self._skips else plane
            with m.If(given):
                m.d.sync += value.eq(Mux(tag.negative, before - term, before + term))
        return m

    def _plane(self, weight):
        """Worth of a weight column in the plane at the input."""
        joined = self._join(weight * self._slices)
        if self._arrays == 2:
            return joined - self._join(self._ou_cols + weight * self._slices)
        return joined - (self.i.p.ones << (self._weight_bits - 1))

    def _join(self, column):
        return sum(
            self.i.p.levels[column + piece] << (piece * self._cell_bits)
            for piece in range(self._slices)
        )
