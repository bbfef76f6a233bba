"""The shape of a network engine as a record: written beside its Verilog, read to pack for it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from arch.crossbar_macro import MacroShape
from arch.engine_shape import EngineShape
from arch.errors import InputError
from arch.geometry import Geometry
from arch.network_shape import NetworkShape

__all__ = ["shape_from_record", "shape_identity", "shape_record"]


def shape_record(shape: NetworkShape) -> dict[str, Any]:
    """``shape`` as plain values; what is inside, as records of its own."""
    return asdict(shape)


def shape_from_record(record: Any, *, origin: str) -> NetworkShape:
    """The shape of which :func:`shape_record` made ``record``.

    Parameters
    ----------
    origin : str
        Where it comes from, for messages.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it is no such record.
    """
    try:
        engine = dict(_checked(record, NetworkShape)["engine"])
        geometry = Geometry(**_checked(_checked(engine, EngineShape)["geometry"], Geometry))
        if engine["macro"] is not None:
            macro = _checked(engine["macro"], MacroShape)
            if macro["geometry"] != engine["geometry"]:
                raise ValueError("the macro must have the geometry of the engine")
            engine["macro"] = MacroShape(**(dict(macro) | {"geometry": geometry}))
        shape = NetworkShape(
            **(dict(record) | {"engine": EngineShape(**(engine | {"geometry": geometry}))})
        )
        if not shape.engine.loadable:
            raise ValueError("it must be of an engine that loads its tables")
        shape_identity(shape)  # every layout can be made
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{origin}: the shape of the engine is damaged: {error}") from error
    return shape


def shape_identity(shape: NetworkShape) -> int:
    """32 bits that tell engines apart which take other load images.

    They are the first of the SHA-256 of everything that the shape states, and of the name, layout
    and depth of every memory, in their order.
    """
    memories = [
        [name, depth, [[f.name, f.bits, f.count, f.signed] for f in layout.fields]]
        for name, (layout, depth) in shape.memories.items()
    ]
    fields_of_steps = [[f.name, f.bits, f.count, f.signed] for f in shape.step_layout.fields]
    text = json.dumps([shape_record(shape), memories, fields_of_steps], sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _checked(record: Any, kind: Any) -> Mapping[str, Any]:
    """``record`` if it has just the fields of ``kind``, with values that such a field can have."""
    names = {field.name for field in fields(kind)}
    if not isinstance(record, Mapping) or record.keys() != names:
        raise TypeError(f"{kind.__name__} must have {', '.join(sorted(names))}")
    for field in fields(kind):
        value = record[field.name]
        if field.type is int and (isinstance(value, bool) or not isinstance(value, int)):
            raise TypeError(f"{field.name} must be an integer, not {value!r}")
        if field.type is int and not 0 < value < 1 << 32:
            raise ValueError(f"{field.name} must be 1 to {(1 << 32) - 1}, not {value}")
        if field.type is bool and not isinstance(value, bool):
            raise TypeError(f"{field.name} must be true or false, not {value!r}")
    return record
