"""What ``names.json`` says of ports, registers and memory words of an engine."""

from amaranth import Shape
from amaranth.lib import data, wiring

__all__ = ["field_names", "port_names", "register_names"]


def register_names(register):
    """Address, size and fields of a register."""
    return {
        "at": register.at,
        "bits": register.bits,
        "count": register.count,
        "fields": {
            field.name: {"low": field.low, "bits": field.bits, "access": field.access.value}
            for field in register.fields
        },
    }


def port_names(engine):
    """Direction, width and fields of every port by its name in the Verilog."""
    return {
        "__".join(map(str, path)): {
            "direction": "out" if member.flow == wiring.Out else "in",
            **_described(member.shape),
        }
        for path, member, _value in engine.signature.flatten(engine)
    }


def _described(shape):
    if not isinstance(shape, data.Layout):
        shape = Shape.cast(shape)
        return {"bits": shape.width, "signed": shape.signed}
    fields = {}
    for key, field in shape:
        fields[str(key)] = {"low": field.offset, **_described(field.shape)}
    return {"bits": shape.size, "fields": fields}


def field_names(layout):
    """Place, width and sign of every field of a memory word."""
    fields, low = {}, 0
    for field in layout.fields:
        fields[field.name] = {
            "low": low,
            "bits": field.bits,
            "elements": field.count or 1,
            "signed": field.signed,
        }
        low += field.width
    return fields
