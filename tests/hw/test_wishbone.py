"""The control bus: its ports, as Wishbone names them."""

import pytest
from amaranth.lib.wiring import In, Out

from hw.wishbone import Wishbone


def test_members():
    members = Wishbone(address_bits=10).members
    out = {name: member.shape for name, member in members.items() if member.flow == Out}
    back = {name: member.shape for name, member in members.items() if member.flow == In}
    assert out == {"cyc": 1, "stb": 1, "we": 1, "adr": 10, "dat_w": 32, "sel": 4}
    assert back == {"dat_r": 32, "ack": 1, "err": 1}


def test_wrong_address_bits():
    with pytest.raises(ValueError, match=r"^address_bits must be at least 1, not 0$"):
        Wishbone(address_bits=0)
