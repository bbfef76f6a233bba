"""Registers as CMSIS-SVD 1.3, as debuggers and generators of drivers read it."""

from xml.etree import ElementTree

from arch.register import WORD_BITS, Access

__all__ = ["svd"]

_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_VENDOR = "Ohmforge"
_READ, _WRITE, _BOTH = "read-only", "write-only", "read-write"
_ACCESS = {
    Access.CONSTANT: _READ,
    Access.STATE: _READ,
    Access.SETTING: _BOTH,
    Access.PULSE: _WRITE,
    Access.EVENT: _BOTH,
    Access.WORD: _WRITE,
}


def svd(blocks, *, name, description):
    """A device with a peripheral for each address map.

    Parameters
    ----------
    blocks : mapping of int to :class:`arch.register.AddressMap`
        Address maps by the byte address at which they begin.
    name, description : str
        Of the device.

    Returns
    -------
    str
        Text of the file.
    """
    device = ElementTree.Element(
        "device",
        {
            "schemaVersion": "1.3",
            "xmlns:xs": _SCHEMA,
            "xs:noNamespaceSchemaLocation": "CMSIS-SVD.xsd",
        },
    )
    version = ".".join(map(str, next(iter(blocks.values())).version))
    _add(device, vendor=_VENDOR, name=name, version=version, description=description)
    _add(device, addressUnitBits=8, width=WORD_BITS, size=WORD_BITS)
    peripherals = ElementTree.SubElement(device, "peripherals")
    for base, registers in blocks.items():
        _peripheral(peripherals, base, registers)
    ElementTree.indent(device)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(device, "unicode") + "\n"
    )


def _add(parent, **elements):
    """Elements in their order, which the schema prescribes; nothing where the text is None."""
    for name, text in elements.items():
        if text is not None:
            ElementTree.SubElement(parent, name).text = str(text)


def _peripheral(parent, base, registers):
    peripheral = ElementTree.SubElement(parent, "peripheral")
    version = ".".join(map(str, registers.version))
    _add(peripheral, name=registers.name, version=version, description=registers.title)
    _add(peripheral, baseAddress=f"{base:#x}")
    block = ElementTree.SubElement(peripheral, "addressBlock")
    _add(block, offset="0x0", size=f"{1 << registers.address_bits:#x}", usage="registers")
    listed = ElementTree.SubElement(peripheral, "registers")
    for register in registers.registers:
        _register(listed, register)


def _register(parent, register):
    element = ElementTree.SubElement(parent, "register")
    name = register.name
    if register.count > 1:
        _add(element, dim=register.count, dimIncrement=f"{register.bits // 8:#x}")
        name += "[%s]"
    kinds = {_ACCESS[field.access] for field in register.fields}
    # Where only the device knows what a bit reads as after reset, nothing is said of it.
    known = [(field, field.value) for field in register.fields if field.value is not None]
    known += [(field, 0) for field in register.fields if field.access == Access.SETTING]
    _add(
        element,
        name=name,
        description=f"{register.text}.",
        addressOffset=f"{register.at:#x}",
        size=register.bits,
        access=kinds.pop() if len(kinds) == 1 else _BOTH,
        resetValue=f"{sum(value << field.low for field, value in known):#x}",
        resetMask=f"{sum(((1 << field.bits) - 1) << field.low for field, _ in known):#x}",
    )
    fields = ElementTree.SubElement(element, "fields")
    for field in register.fields:
        _field(fields, field)


def _field(parent, field):
    element = ElementTree.SubElement(parent, "field")
    cleared = "oneToClear" if field.access == Access.EVENT else None
    _add(
        element,
        name=field.name,
        description=f"{field.text}.",
        bitOffset=field.low,
        bitWidth=field.bits,
        access=_ACCESS[field.access],
        modifiedWriteValues=cleared,
    )
    if field.encoding:
        values = ElementTree.SubElement(element, "enumeratedValues")
        for value in field.encoding:
            _add(
                ElementTree.SubElement(values, "enumeratedValue"),
                name=value.name,
                value=value.value,
            )
