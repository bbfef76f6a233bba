"""Ports of AXI, as its specifications name them."""

import pytest
from amaranth.lib.wiring import In, Out

from hw.axi.axi_ports import AxiLite, AxiResponse, AxiStream


def split(signature):
    members = signature.members
    return tuple({n: m.shape for n, m in members.items() if m.flow == way} for way in (Out, In))


def test_axi_lite():
    given, answered = split(AxiLite(address_bits=13))
    address = {"addr": 13, "prot": 3, "valid": 1}
    assert given == {f"{c}{name}": bits for c in ("aw", "ar") for name, bits in address.items()} | {
        "wdata": 32,
        "wstrb": 4,
        "wvalid": 1,
        "bready": 1,
        "rready": 1,
    }
    ready = dict.fromkeys(("awready", "wready", "arready", "bvalid", "rvalid"), 1)
    assert answered == ready | {"bresp": 2, "rresp": 2, "rdata": 32}


@pytest.mark.parametrize(("keep", "more"), [(False, {}), (True, {"tkeep": 4})])
def test_axi_stream(keep, more):
    given, answered = split(AxiStream(data_bytes=4, keep=keep))
    assert given == {"tdata": 32, "tlast": 1, "tvalid": 1} | more
    assert answered == {"tready": 1}


def test_responses():
    assert (AxiResponse.OKAY, AxiResponse.SLVERR) == (0, 2)


def test_wrong_sizes():
    with pytest.raises(ValueError, match=r"^address_bits must be at least 1, not 0$"):
        AxiLite(address_bits=0)
    with pytest.raises(ValueError, match=r"^data_bytes must be at least 1, not 0$"):
        AxiStream(data_bytes=0)
