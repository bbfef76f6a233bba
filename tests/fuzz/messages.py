"""Damage to ONNX files that keeps them messages which protobuf can read."""

from collections.abc import Iterator
from random import Random
from typing import Any

import onnx

__all__ = ["damage_onnx"]

_INTEGERS = (0, 1, -1, 2, 3, 7, 255, 1 << 20, (1 << 31) - 1, -(1 << 31), 1 << 62, -(1 << 63))
_FLOATS = (0.0, -1.0, 1e38, float("inf"), float("-inf"), float("nan"), 1e-40)
_WORDS = (
    "",
    "x",
    "input",
    "output",
    "a" * 3000,
    "../../outside",
    "\x1b]0;title\x07",
    "\u202e",
    "a\nb",
    "ai.onnx.ml",
    "com.microsoft",
    "__class__",
    "forward",
    "1.weight",
    "Conv",
    "Gemm",
    "MatMul",
    "Reshape",
    "Constant",
    "Identity",
    "Loop",
    "Add",
    "Concat",
    "axis",
    "location",
)
_BYTES = (b"", b"\x00", b"\xff" * 4, b"\x00" * 64, b"\xff" * 1000)


def damage_onnx(rng: Random, data: bytes, donor: bytes) -> bytes:
    """A model with one to three fields changed."""
    model = onnx.ModelProto.FromString(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        messages = list(_messages(model))
        message = rng.choice(messages)
        field = rng.choice(message.DESCRIPTOR.fields)
        given = [found for found, _ in message.ListFields()]
        if given and rng.random() < 0.8:
            field = rng.choice(given)
        if field.is_repeated:
            _change_list(rng, message, field, messages)
        elif field.message_type is not None:
            _change_message(rng, getattr(message, field.name), messages)
        elif rng.random() < 0.2:
            message.ClearField(field.name)
        else:
            setattr(message, field.name, _value(rng, field))
    return model.SerializeToString()


def _messages(message: Any) -> Iterator[Any]:
    """A message and every message in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                yield from _messages(inner)


def _change_list(rng: Random, message: Any, field: Any, messages: list[Any]) -> None:
    values = getattr(message, field.name)
    kind = rng.randrange(4)
    if kind == 0 and values:
        del values[rng.randrange(len(values))]
    elif kind == 1 and values:
        chosen = values[rng.randrange(len(values))]
        values.extend([chosen] * rng.choice((1, 3, 200)))
    elif kind == 2 and len(values) > 1:
        kept = list(values)
        rng.shuffle(kept)
        del values[:]
        values.extend(kept)
    elif field.message_type is not None:
        _change_message(rng, rng.choice(values) if values else values.add(), messages)
    elif values:
        values[rng.randrange(len(values))] = _value(rng, field)
    else:
        values.append(_value(rng, field))


def _change_message(rng: Random, message: Any, messages: list[Any]) -> None:
    """Put another message of its type in its place, or nothing."""
    alike = [other for other in messages if other.DESCRIPTOR is message.DESCRIPTOR]
    if alike and rng.random() < 0.7:
        # Through bytes: protobuf copies a message into one that is inside it to its own end.
        message.ParseFromString(rng.choice(alike).SerializeToString())
    else:
        message.Clear()


def _value(rng: Random, field: Any) -> Any:
    if field.enum_type is not None:
        return rng.choice(field.enum_type.values).number
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return rng.choice(_FLOATS)
    if field.cpp_type == field.CPPTYPE_STRING:
        return rng.choice(_BYTES if field.type == field.TYPE_BYTES else _WORDS)
    if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
        low = 0 if field.cpp_type == field.CPPTYPE_UINT64 else -(1 << 63)
        return max(low, rng.choice(_INTEGERS))
    low = 0 if field.cpp_type == field.CPPTYPE_UINT32 else -(1 << 31)
    return min(max(low, rng.choice(_INTEGERS)), (1 << 31) - 1)
