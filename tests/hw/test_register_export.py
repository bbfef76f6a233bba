"""SystemRDL and what PeakRDL makes of it, against the table that the hardware is made from."""

import re

import pytest
from systemrdl.rdltypes import OnWriteType

from arch.register import Access
from arch.registers import ENGINE_MAP, REGISTERS, Error
from hw.emit import HEADER
from hw.register_export import DEVICES, compiled, header

WRITERS = {  # readable, writable by software; writable by hardware
    Access.CONSTANT: (True, False, False),
    Access.STATE: (True, False, True),
    Access.SETTING: (True, True, False),
    Access.PULSE: (False, True, False),
    Access.EVENT: (True, True, False),  # but set
    Access.WORD: (False, True, False),
}


MAPS = {registers.name: registers for blocks in DEVICES.values() for registers in blocks.values()}


@pytest.fixture(scope="module", params=MAPS)
def case(request, tmp_path_factory):
    """An address map, and what systemrdl-compiler makes of it."""
    registers = MAPS[request.param]
    return registers, compiled(tmp_path_factory.mktemp("rdl"), registers)


def test_compiler_sees_the_table(case):
    """Addresses, sizes and fields, read by a compiler that knows nothing of the table."""
    registers, top = case
    assert top.inst_name == registers.name
    seen = {register.get_path_segment(): register for register in top.registers(unroll=True)}
    expected = {
        register.name + (f"[{n}]" if register.count > 1 else ""): (register, n)
        for register in registers.registers
        for n in range(register.count)
    }
    assert list(seen) == list(expected)
    for name, (register, number) in expected.items():
        node = seen[name]
        assert node.absolute_address == register.at + number * register.bits // 8
        assert node.size * 8 == node.get_property("regwidth") == register.bits
        assert node.get_property("accesswidth") == 32
        for field, found in zip(register.fields, node.fields(), strict=True):
            assert (found.inst_name, found.low, found.width) == (field.name, field.low, field.bits)
            reads, writes, hardware = WRITERS[field.access]
            assert (found.is_sw_readable, found.is_sw_writable) == (reads, writes)
            of_engine = field.access == Access.CONSTANT and field.value is None
            assert found.is_hw_writable == (hardware or of_engine)
            assert found.get_property("singlepulse") == (field.access == Access.PULSE)
            assert bool(found.get_property("hwset")) == (field.access == Access.EVENT)
            assert bool(found.get_property("swmod")) == (field.access == Access.WORD)
            cleared = field.access == Access.EVENT
            assert (found.get_property("onwrite") == OnWriteType.woclr) == cleared
            if field.value is not None:
                assert found.get_property("reset") == field.value


def test_compiler_sees_the_errors(tmp_path):
    top = compiled(tmp_path)
    encoding = top.get_child_by_name("error").get_child_by_name("code").get_property("encode")
    assert {member.name: member.value for member in encoding} == Error.__members__


def test_header_is_that_of_the_table():
    """The file that is checked in; ``python -m hw.register_export`` writes it anew."""
    assert HEADER.read_text() == header()


def test_header_has_every_field():
    text = HEADER.read_text()
    for register in REGISTERS:
        for field in register.fields:
            name = f"{ENGINE_MAP.name}__{register.name}__{field.name}".upper()
            assert re.search(rf"^#define {name}_bp {field.low}$", text, re.M), name
            assert re.search(rf"^#define {name}_bw {field.bits}$", text, re.M), name
