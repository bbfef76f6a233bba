"""Read-only memories that become block RAM."""

from amaranth.lib.memory import Memory

__all__ = ["check_words", "rom"]


def check_words(words, *, shape):
    """Refuse words that are no contents of a memory of ``shape``.

    Raises
    ------
    :exc:`ValueError`
        If there is no word, or one does not fit.
    """
    if not words:
        raise ValueError("a memory needs at least one word")
    for number, word in enumerate(words):
        if not 0 <= word < 1 << shape.size:
            raise ValueError(f"word {number} is {word}, which does not fit {shape.size} bits")


def rom(*, shape, words):
    """A memory that holds ``words``, given as integers, and is read synchronously.

    A single word is doubled: a memory of one row would have an address of no bits, which Verilog
    cannot express.
    """
    return Memory(
        shape=shape,
        depth=max(2, len(words)),
        init=[shape.from_bits(word) for word in words],
        attrs={"ram_style": "block"},
    )
