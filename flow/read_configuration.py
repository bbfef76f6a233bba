"""Read a configuration file, apply overrides, and say in one line what is wrong with it."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from arch.errors import InputError
from flow.configuration import Configuration
from flow.field_rule import accepted, choices, section_of, shown
from flow.yaml_document import Document, KeyPath, dotted, parse_yaml, read_yaml

__all__ = ["read_configuration"]

_FIELD_IN_MESSAGE = re.compile(r"\b[a-z_]\w*(\.\w+)+")


def read_configuration(path: Path, overrides: Sequence[str] = ()) -> Configuration:
    """Read the configuration at ``path``.

    Parameters
    ----------
    path : Path
        A YAML file.
    overrides : sequence of str
        ``key.path=value`` each, the value in YAML; they replace what the file says, in order.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If something is wrong; one line that starts with ``FILE:LINE:`` or with the override.
    """
    document = read_yaml(path)
    if document.data is None:
        raise InputError(f"{path}: is empty; see docs/configuration.md")
    if not isinstance(document.data, dict):
        raise InputError(f"{path}:1: must be a mapping of sections; see docs/configuration.md")
    for override in overrides:
        _apply(document, override)
    try:
        return Configuration.model_validate(document.data)
    except ValidationError as error:
        raise InputError(_first_problem(document, error)) from error


def _apply(document: Document, override: str) -> None:
    key, equals, text = override.partition("=")
    origin = f"--set {override}"
    path = tuple(key.strip().split("."))
    if not equals or not all(path):
        raise InputError(f"{origin}: must be KEY.PATH=VALUE")
    try:
        value = parse_yaml(text, source=origin).data
    except InputError as error:
        raise InputError(str(error).replace(f"{origin}:1:", f"{origin}:", 1)) from error
    parent: Any = document.data
    for depth, part in enumerate(path[:-1]):
        if parent.get(part) is None:
            parent[part] = {}
            document.origins[path[: depth + 1]] = origin
        parent = parent[part]
        if not isinstance(parent, dict):
            raise InputError(f"{origin}: {dotted(path[: depth + 1])} is not a section")
    parent[path[-1]] = value
    document.origins[path] = origin


def _first_problem(document: Document, error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_url=False, include_context=True):
        path = _known_path(document.data, item["loc"])
        message = _message(path, item)
        if item["type"] == "value_error" and (named := _FIELD_IN_MESSAGE.search(message)):
            path = tuple(named[0].split("."))
        problems.append((document.order(path), f"{document.where(path)}: {message}"))
    problems.sort(key=lambda problem: problem[0])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0][1] + more


def _known_path(data: Any, loc: KeyPath) -> KeyPath:
    """The part of ``loc`` that stands in the document; pydantic adds the branches of unions."""
    path: KeyPath = ()
    for part in loc:
        if not isinstance(data, dict) or part not in data:
            break
        path = (*path, part)
        data = data[part]
    return path


def _message(path: KeyPath, item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return _unknown_key(path)
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    info = _field(path)
    if info is None:
        return f"{dotted(path)}: {item['msg']}"
    value = shown(item["input"])
    if len(choices(info)) == 1:
        return f"{dotted(path)}: {value} is not supported yet; only {accepted(info)} is"
    return f"{dotted(path)} must be {accepted(info)}, not {value}"


def _unknown_key(path: KeyPath) -> str:
    *parents, key = (str(part) for part in path)
    info = _field(tuple(parents))
    model = Configuration if not parents else section_of(info) if info else None
    if model is None:
        return f"unknown key {dotted(path)}"
    known = list(model.model_fields)
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"unknown key {dotted(path)}; did you mean {dotted((*parents, near[0]))}?"
    elsewhere = _everywhere()
    exact = [full for full in elsewhere if full.rpartition(".")[2] == key]
    near = exact or difflib.get_close_matches(dotted(path), elsewhere, n=1, cutoff=0.75)
    if near:
        return f"unknown key {dotted(path)}; did you mean {near[0]}?"
    return f"unknown key {dotted(path)}; known are {', '.join(known)}"


def _everywhere() -> list[str]:
    return _keys(Configuration)


def _keys(model: type[BaseModel]) -> list[str]:
    keys = []
    for name, info in model.model_fields.items():
        section = section_of(info)
        keys += [f"{name}.{key}" for key in _keys(section)] if section else [name]
    return keys


def _field(path: KeyPath) -> FieldInfo | None:
    model: type[BaseModel] | None = Configuration
    info = None
    for part in path:
        if model is None:
            return None
        info = model.model_fields.get(str(part))
        if info is None:
            return None
        model = section_of(info)
    return info
