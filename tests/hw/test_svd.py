"""CMSIS-SVD and IP-XACT, read by programs that are not ours, against the table."""

from pathlib import Path

import cmsis_svd
import pytest
from cmsis_svd.parser import SVDParser
from lxml import etree
from peakrdl_ipxact import IPXACTImporter
from systemrdl import RDLCompiler
from systemrdl.rdltypes import OnWriteType

from arch.register import Access
from hw.register_export import DEVICES, export
from hw.svd import svd

ACCESS = {
    Access.CONSTANT: "read-only",
    Access.STATE: "read-only",
    Access.SETTING: "read-write",
    Access.PULSE: "write-only",
    Access.EVENT: "read-write",
    Access.WORD: "write-only",
}
SCHEMA = Path(cmsis_svd.__file__).parent / "schemas" / "CMSIS-SVD_1_3_11.xsd"


@pytest.fixture(scope="module", params=["axi", "link"])
def case(request, tmp_path_factory):
    """Address maps, and where everything lies that is made of them."""
    place = tmp_path_factory.mktemp("registers") / "out"
    export(place, DEVICES[request.param])
    return DEVICES[request.param], place


def elements(registers):
    """Every register by its name, also those of arrays."""
    for register in registers.registers:
        for number in range(register.count):
            name = f"{register.name}[{number}]" if register.count > 1 else register.name
            yield name, register.at + number * register.bits // 8, register


def test_files(case):
    """Everything is there, and the same bytes come again."""
    blocks, place = case
    names = [registers.name for registers in blocks.values()]
    ends = (".rdl", ".h", ".ipxact.xml")
    expected = {f"{name}{end}" for name in names for end in ends}
    assert {path.name for path in place.iterdir()} == expected | {"registers.svd", "html", "python"}
    for registers in blocks.values():
        model = place / "python" / registers.name / "reg_model" / f"{registers.name}.py"
        assert registers.registers[-1].name in model.read_text()
        assert registers.title in (place / f"{registers.name}.ipxact.xml").read_text()
    again = place.with_name("again")
    export(again, blocks)
    files = [path for path in place.rglob("*") if path.is_file()]
    assert [p.read_bytes() for p in files] == [
        (again / p.relative_to(place)).read_bytes() for p in files
    ]


def test_svd_follows_its_schema(case):
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    schema.assertValid(etree.parse(case[1] / "registers.svd"))


def test_svd_is_the_table(case):
    """Addresses, sizes, access, reset values and names, field by field."""
    blocks, place = case
    device = SVDParser.for_xml_file(place / "registers.svd").get_device()
    assert [p.base_address for p in device.peripherals] == list(blocks)
    for peripheral, registers in zip(device.peripherals, blocks.values(), strict=True):
        assert peripheral.name == registers.name
        found = {register.name: register for register in peripheral.get_registers()}
        expected = list(elements(registers))
        assert set(found) == {name for name, *_ in expected}
        for name, at, register in expected:
            seen = found[name]
            assert (seen.address_offset, seen.size) == (at, register.bits)
            fields = seen.get_fields()
            for field, described in zip(register.fields, fields, strict=True):
                place_of = (described.name, described.bit_offset, described.bit_width)
                assert place_of == (field.name, field.low, field.bits)
                assert described.access.value == ACCESS[field.access]
                cleared = described.modified_write_values
                assert (cleared is not None) == (field.access == Access.EVENT)
                assert cleared is None or cleared.value == "oneToClear"
                mask = (1 << field.bits) - 1
                known = field.value is not None or field.access == Access.SETTING
                assert seen.reset_mask >> field.low & mask == (mask if known else 0)
                assert seen.reset_value >> field.low & mask == (field.value or 0)
                if field.encoding:
                    (values,) = described.enumerated_values
                    named = {value.name: value.value for value in values.enumerated_values}
                    assert named == {value.name: value.value for value in field.encoding}


def test_ipxact_is_the_table(case):
    """Likewise, by an importer of IP-XACT."""
    blocks, place = case
    for registers in blocks.values():
        compiler = RDLCompiler()
        IPXACTImporter(compiler).import_file(str(place / f"{registers.name}.ipxact.xml"))
        top = compiler.elaborate().top
        found = {node.get_path_segment(): node for node in top.registers(unroll=True)}
        if not found:  # the importer has the address block between them
            (block,) = top.children(unroll=True)
            found = {node.get_path_segment(): node for node in block.registers(unroll=True)}
        expected = list(elements(registers))
        assert set(found) == {name for name, *_ in expected}
        for name, at, register in expected:
            node = found[name]
            assert (node.absolute_address, node.size * 8) == (at, register.bits)
            for field, seen in zip(register.fields, node.fields(), strict=True):
                assert (seen.inst_name, seen.low, seen.width) == (field.name, field.low, field.bits)
                access = ACCESS[field.access]
                assert (seen.is_sw_readable, seen.is_sw_writable) == (
                    access != "write-only",
                    access != "read-only",
                )
                cleared = field.access == Access.EVENT
                assert (seen.get_property("onwrite") == OnWriteType.woclr) == cleared
                if field.value is not None:
                    assert seen.get_property("reset") == field.value


def test_checks_can_fail(case):
    """The schema refuses what is not in its order."""
    blocks, _ = case
    text = svd(blocks, name="device", description="Text")
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    swapped = text.replace("<bitOffset>", "<x>").replace("</bitOffset>", "</x>")
    assert schema.validate(etree.fromstring(text.encode()))
    assert not schema.validate(etree.fromstring(swapped.encode()))
