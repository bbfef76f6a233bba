"""The control bus: Wishbone B4, classic standard cycles."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arguments import check_sizes

__all__ = ["Wishbone"]


class Wishbone(wiring.Signature):
    """A Wishbone bus of 32 bits, seen from the one that starts cycles.

    A cycle is one access: ``cyc``, ``stb`` and what goes with them stay until ``ack`` or ``err`` is
    high, which it is for one clock.

    Members
    -------
    cyc, stb : ``Out(1)``
        An access is wanted.
    we : ``Out(1)``
        It is a write.
    adr : ``Out(address_bits)``
        Which word.
    dat_w : ``Out(32)``
        What to write.
    sel : ``Out(4)``
        Which bytes to write; a read gives all of them.
    dat_r : ``In(32)``
        What was read; valid with ``ack``.
    ack : ``In(1)``
        The access is done.
    err : ``In(1)``
        There is nothing at this address.
    """

    def __init__(self, *, address_bits):
        check_sizes(address_bits=address_bits)
        super().__init__(
            {
                "cyc": Out(1),
                "stb": Out(1),
                "we": Out(1),
                "adr": Out(address_bits),
                "dat_w": Out(32),
                "sel": Out(4),
                "dat_r": In(32),
                "ack": In(1),
                "err": In(1),
            }
        )
