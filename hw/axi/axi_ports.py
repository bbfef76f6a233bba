"""The ports of AXI4-Lite and AXI4-Stream, by the names of their specifications."""

from enum import IntEnum

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from arch.register import WORD_BITS
from hw.arguments import check_sizes

__all__ = ["AxiLite", "AxiResponse", "AxiStream"]


class AxiResponse(IntEnum):
    """How an access has ended (ARM IHI 0022, A3.4.5); the other codes are not used."""

    OKAY = 0
    """It is done."""
    SLVERR = 2
    """There is nothing at this address."""


class AxiLite(wiring.Signature):
    """An AXI4-Lite interface of 32 bits, seen from the manager (ARM IHI 0022, B1).

    Members
    -------
    awaddr, awprot, awvalid, awready
        Address of a write: a byte. ``awprot`` is not looked at.
    wdata, wstrb, wvalid, wready
        What to write, and which bytes of it.
    bresp, bvalid, bready
        How a write has ended: :class:`AxiResponse`.
    araddr, arprot, arvalid, arready
        Address of a read, likewise.
    rdata, rresp, rvalid, rready
        What was read, and how that has ended.
    """

    def __init__(self, *, address_bits):
        check_sizes(address_bits=address_bits)
        super().__init__(
            {
                **_address("aw", address_bits),
                "wdata": Out(WORD_BITS),
                "wstrb": Out(WORD_BITS // 8),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                **_address("ar", address_bits),
                "rdata": In(WORD_BITS),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


class AxiStream(wiring.Signature):
    """An AXI4-Stream interface, seen from the transmitter (ARM IHI 0051).

    Members
    -------
    tdata : ``Out(8 * data_bytes)``
        The first byte is the lowest.
    tkeep : ``Out(data_bytes)``
        Which bytes are there; only with ``keep``.
    tlast : ``Out(1)``
        The last transfer of a packet.
    tvalid : ``Out(1)``
        There is a transfer.
    tready : ``In(1)``
        It is taken.
    """

    def __init__(self, *, data_bytes, keep=False):
        check_sizes(data_bytes=data_bytes)
        super().__init__(
            {
                "tdata": Out(8 * data_bytes),
                **({"tkeep": Out(data_bytes)} if keep else {}),
                "tlast": Out(1),
                "tvalid": Out(1),
                "tready": In(1),
            }
        )


def _address(channel, bits):
    return {
        f"{channel}addr": Out(bits),
        f"{channel}prot": Out(3),
        f"{channel}valid": Out(1),
        f"{channel}ready": In(1),
    }
