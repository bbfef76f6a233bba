"""YAML as plain data, with the place of every value, and nothing that can hurt.

The values are built from the parser's events, so no constructor runs. Scalars follow the core
schema of YAML 1.2 (``no`` is text, ``1e-3`` is a number, ``010`` is ten). Anchors, aliases, tags,
duplicate keys, several documents, deep nesting and huge files are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from arch.errors import InputError

__all__ = ["BYTES_MAX", "DEPTH_MAX", "Document", "KeyPath", "dotted", "parse_yaml", "read_yaml"]

BYTES_MAX = 1 << 18
"""Largest file that is read, in bytes."""
DEPTH_MAX = 16
"""Deepest nesting that is read."""

KeyPath = tuple[str | int, ...]
"""Where a value stands: the keys and list positions that lead to it."""

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DIGITS_MAX = 40


@dataclass
class Document:
    """Plain data and where it came from.

    Parameters
    ----------
    source : str
        What messages call the file.
    data : object
        ``None``, ``bool``, ``int``, ``float``, ``str``, ``list`` or ``dict`` with text keys.
    places : dict of KeyPath to (int, int)
        Line and column, from 1, of every key and list item.
    origins : dict of KeyPath to str
        The override, such as ``--set seed=3``, of every value that does not stand in the file.
    """

    source: str
    data: Any
    places: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)

    def order(self, path: KeyPath) -> tuple[int, int]:
        """Line and column of ``path``, or of the nearest place around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return (1, 1)

    def where(self, path: KeyPath) -> str:
        """``FILE:LINE`` of ``path``, or the override that set it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return f"{self.source}:{self.order(path)[0]}"


def read_yaml(path: Path) -> Document:
    """Read the YAML file at ``path``; raises InputError if it cannot be read or is not allowed."""
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > BYTES_MAX:
        raise InputError(f"{path}: is larger than {BYTES_MAX >> 10} KiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_yaml(text, source=str(path))


def parse_yaml(text: str, *, source: str) -> Document:
    """Parse ``text`` as one YAML document.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it is no YAML, or uses what this module refuses; the message starts with
        ``SOURCE:LINE:``.
    """
    return _Builder(source).document(text)


class _Builder:
    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[KeyPath, tuple[int, int]] = {}

    def document(self, text: str) -> Document:
        try:
            events = yaml.parse(text, Loader=yaml.SafeLoader)
            data = None
            documents = 0
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise self.error(event, "only one document is allowed")
                    data = self.value(next(events), events, ())
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            problem = " ".join((error.problem or "cannot be parsed").split())
            raise InputError(f"{self.source}:{line}: not valid YAML: {problem}") from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise InputError(f"{self.source}:{line}: not valid YAML: {error.reason}") from error
        return Document(self.source, data, self.places)

    def value(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> Any:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self.error(event, "anchors and aliases are not allowed; write the value out")
        if (tag := getattr(event, "tag", None)) is not None:
            raise self.error(event, f"tags such as {tag} are not allowed")
        if len(path) > DEPTH_MAX:
            raise self.error(event, f"nested more than {DEPTH_MAX} deep")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self.item(event, events, (*path, len(items))))
            return items
        return self.mapping(events, path)

    def item(self, event: yaml.Event, events: Iterator[yaml.Event], path: KeyPath) -> Any:
        self.places[path] = _place(event)
        return self.value(event, events, path)

    def mapping(self, events: Iterator[yaml.Event], path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.error(event, "a key must be text")
            key = event.value
            inner = (*path, key)
            if key in result:
                first = self.places[inner][0]
                raise self.error(event, f"{dotted(inner)} stands twice, first in line {first}")
            self.places[inner] = _place(event)
            result[key] = self.value(next(events), events, inner)
        return result

    def scalar(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if event.style is not None or _NULL.fullmatch(text):
            return text if event.style is not None else None
        if match := _BOOL.fullmatch(text):
            return match[1] is not None
        if _SPECIAL_FLOAT.fullmatch(text):
            return float(text.replace(".", "", 1))
        if len(text) > _DIGITS_MAX:
            return text
        if _INT.fullmatch(text):
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        return float(text) if _FLOAT.fullmatch(text) else text

    def error(self, event: yaml.Event, message: str) -> InputError:
        return InputError(f"{self.source}:{_place(event)[0]}: {message}")


def dotted(path: KeyPath) -> str:
    """``path`` as a person writes it: ``prune.ratio``."""
    return ".".join(str(part) for part in path)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    if mark is None:
        raise ValueError(f"the parser gave {event} no place")
    return (mark.line + 1, mark.column + 1)
