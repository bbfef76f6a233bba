"""What a field of the configuration accepts, in words, for messages and for the documentation."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["ADDRESS", "IDENTIFIER", "accepted", "choices", "section_of", "shown", "written"]

ADDRESS = r"^(auto|(ray://)?[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5})$"
IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"

_NAMES = {
    int: "an integer",
    float: "a number",
    str: "text",
    bool: "true or false",
}
_PATTERNS = {
    ADDRESS: "auto, HOST:PORT or ray://HOST:PORT",
    IDENTIFIER: "an identifier (letters, digits and _, at most 64)",
}


def choices(info: FieldInfo) -> tuple[Any, ...]:
    """The values of a field that has a list of them; empty if it has none."""
    return get_args(info.annotation) if get_origin(info.annotation) is Literal else ()


def section_of(info: FieldInfo) -> type[BaseModel] | None:
    """The model of a field that is a section; None if it is a value."""
    for candidate in (info.annotation, *get_args(info.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def accepted(info: FieldInfo) -> str:
    """What the field accepts, to follow "must be"."""
    if values := choices(info):
        return " or ".join(written(value) for value in values)
    if section_of(info) is not None:
        return "a mapping"
    return _described(info.annotation, info.metadata)


def written(value: Any) -> str:
    """``value`` as YAML has it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: Any) -> str:
    """``value`` for a message: text in quotes, everything else as in YAML, and not too long."""
    text = repr(value) if isinstance(value, str) else written(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _described(annotation: Any, metadata: list[Any]) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(written(value) for value in get_args(annotation))
    if origin is Annotated:
        inner, *more = get_args(annotation)
        flat = [rule for item in more for rule in getattr(item, "metadata", [item])]
        return _described(inner, flat)
    if origin in (Union, types.UnionType):
        # Limits that stand beside a union are those of the value, when there is one.
        return ", or ".join(_described(part, metadata) for part in get_args(annotation))
    if origin is dict:
        return f"a mapping from names to {_described(get_args(annotation)[1], [])}"
    if annotation is types.NoneType:
        return "null"
    if origin is list:
        return f"a list of {_described(get_args(annotation)[0], [])}"
    low = next((rule.ge for rule in metadata if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in metadata if isinstance(rule, Le)), None)
    if low is not None and high is not None:
        return f"{_NAMES[annotation]} from {low} to {high}"
    pattern = next((rule.pattern for rule in metadata if getattr(rule, "pattern", None)), None)
    if pattern is not None:
        return _PATTERNS[pattern]
    return _NAMES[annotation]
