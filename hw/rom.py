"""Read-only memories that become block RAM."""

from amaranth.lib.memory import Memory

__all__ = ["rom"]


def rom(*, shape, words):
    """A memory that holds ``words``, given as integers, and is read synchronously.

    A single word is doubled: a memory of one row would have an address of no bits, which Verilog
    cannot express.

    Raises
    ------
    :exc:`ValueError`
        If there is no word.
    """
    if not words:
        raise ValueError("a memory needs at least one word")
    return Memory(
        shape=shape,
        depth=max(2, len(words)),
        init=[shape.from_bits(word) for word in words],
        attrs={"ram_style": "block"},
    )
