"""Payload layouts of the streams between the components of the datapath."""

from amaranth import signed, unsigned
from amaranth.lib import data

from arch.words import WordLayout

__all__ = [
    "BANKS",
    "Activity",
    "BitLines",
    "Command",
    "FetchedOu",
    "IndexRecord",
    "OuResult",
    "PlaneBeat",
    "PlaneTag",
    "PositionSum",
    "Result",
    "ScannedOu",
    "span",
    "struct",
]

BANKS = 2
"""Output positions that the accumulators hold at a time: one is added up, one is drained."""


def span(count):
    """The shape of a number below ``count``: at least one bit, as Verilog has no empty signal."""
    return range(max(2, count))


def struct(layout: WordLayout):
    """The Amaranth layout of a memory word; the first field is the least significant."""
    members = {}
    for field in layout.fields:
        shape = signed(field.bits) if field.signed else unsigned(field.bits)
        members[field.name] = shape if field.count is None else data.ArrayLayout(shape, field.count)
    return data.StructLayout(members)


class Command(data.StructLayout):
    """Run one layer.

    Members
    -------
    layer : ``range(layers)``
        Number of the layer in the program.
    positions : ``unsigned(position_bits)``
        Output positions to compute; 0 does nothing.
    """

    def __init__(self, *, layers, position_bits):
        super().__init__({"layer": span(layers), "positions": position_bits})


class IndexRecord(data.StructLayout):
    """The index of one OU.

    Members
    -------
    index : layout of an index word
        Which inputs it reads, which outputs it adds into.
    ou : ``range(ous)``
        Its number, the address of its cells.
    first, last : ``unsigned(1)``
        First and last OU of the output position.
    """

    def __init__(self, *, index, ous):
        super().__init__({"index": index, "ou": span(ous), "first": 1, "last": 1})


class FetchedOu(data.StructLayout):
    """An OU with its own inputs.

    Members
    -------
    acts : ``ArrayLayout(unsigned(act_bits), ou_rows)``
        Activation codes in word line order; a word line without input has 0.
    outputs : layout of the output part of an index word
        Where its results go.
    ou, first, last
        As in :class:`IndexRecord`.
    """

    def __init__(self, *, ou_rows, act_bits, outputs, ous):
        super().__init__(
            {
                "acts": data.ArrayLayout(unsigned(act_bits), ou_rows),
                "outputs": outputs,
                "ou": span(ous),
                "first": 1,
                "last": 1,
            }
        )


class ScannedOu(data.StructLayout):
    """An OU with its own inputs, whose planes are known.

    Members
    -------
    acts, outputs, ou, first, last
        As in :class:`FetchedOu`.
    planes : ``unsigned(act_bits)``
        Planes with a one among the inputs; bit ``b`` stands for plane ``b``.
    """

    def __init__(self, *, ou_rows, act_bits, outputs, ous):
        fetched = FetchedOu(ou_rows=ou_rows, act_bits=act_bits, outputs=outputs, ous=ous)
        super().__init__({**fetched.members, "planes": act_bits})


class PlaneTag(data.StructLayout):
    """What travels beside a plane from the OU controller to the accumulators.

    Members
    -------
    first, last : ``unsigned(1)``
        First and last plane of the OU; planes come most significant first.
    negative : ``unsigned(1)``
        The plane is the sign plane of signed activations.
    outputs : layout of the output part of an index word
        Where the results of the OU go.
    position_last : ``unsigned(1)``
        The OU is the last of its output position.
    plane : ``range(act_bits)``
        Number of the plane, which weighs ``2**plane``; only when planes are skipped.
    """

    def __init__(self, *, outputs, skipped_of=None):
        members = {"first": 1, "last": 1, "negative": 1, "outputs": outputs, "position_last": 1}
        if skipped_of is not None:
            members["plane"] = span(skipped_of)
        super().__init__(members)


class PlaneBeat(data.StructLayout):
    """One plane of one OU: what the crossbar sees in one cycle.

    Members
    -------
    word_lines : ``unsigned(ou_rows)``
        The bit of each activation in this plane.
    ou : ``range(ous)``
        Which OU of the crossbars is active.
    tag : :class:`PlaneTag`
    """

    def __init__(self, *, ou_rows, ous, tag):
        super().__init__({"word_lines": ou_rows, "ou": span(ous), "tag": tag})


class BitLines(data.StructLayout):
    """Bit lines of an OU in one plane, before or after conversion.

    Members
    -------
    levels : ``ArrayLayout(unsigned(level_bits), arrays * ou_cols)``
        One value a bit line; the bit lines of the negative array follow those of the positive one.
    ones : ``range(ou_rows + 1)``
        Word lines that were driven.
    tag : :class:`PlaneTag`
    """

    def __init__(self, *, level_bits, columns, ou_rows, tag):
        super().__init__(
            {
                "levels": data.ArrayLayout(unsigned(level_bits), columns),
                "ones": range(ou_rows + 1),
                "tag": tag,
            }
        )


class OuResult(data.StructLayout):
    """What one OU adds to its outputs.

    Members
    -------
    values : ``ArrayLayout(signed(value_bits), ou_weights)``
        One value a weight column.
    outputs : layout of the output part of an index word
    position_last : ``unsigned(1)``
        The OU is the last of its output position.
    """

    def __init__(self, *, value_bits, ou_weights, outputs):
        super().__init__(
            {
                "values": data.ArrayLayout(signed(value_bits), ou_weights),
                "outputs": outputs,
                "position_last": 1,
            }
        )


class PositionSum(data.StructLayout):
    """The accumulated sum of one output of an output position.

    Members
    -------
    value : ``signed(acc_bits)``
    channel : ``range(outputs)``
        Number of the output.
    last : ``unsigned(1)``
        Last output of the position.
    """

    def __init__(self, *, acc_bits, outputs):
        super().__init__({"value": signed(acc_bits), "channel": span(outputs), "last": 1})


class Result(data.StructLayout):
    """One requantised output.

    Members
    -------
    value : ``signed(out_bits)``
    last : ``unsigned(1)``
        Last output of the position.
    """

    def __init__(self, *, out_bits):
        super().__init__({"value": signed(out_bits), "last": 1})


class Activity(data.StructLayout):
    """What keeps the OU controller of a tile busy, or makes it wait.

    Members
    -------
    plane : ``unsigned(1)``
        A plane is issued in this cycle.
    ahead : ``unsigned(1)``
        The tile has ended a position that another has not.
    ou, taken : ``unsigned(1)``
        An OU waits with its inputs; the controller could take one.
    collecting : ``unsigned(1)``
        Inputs of an OU are on their way out of the input buffer, or to the queue.
    more : ``unsigned(1)``
        The index of some OU of the layer is still to be used.
    window : ``unsigned(1)``
        The inputs of the next position are complete.
    record : ``unsigned(1)``
        The index of the next OU is there.
    """

    def __init__(self):
        names = ("plane", "ahead", "ou", "taken", "collecting", "more", "window", "record")
        super().__init__(dict.fromkeys(names, 1))
