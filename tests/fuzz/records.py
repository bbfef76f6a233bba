"""Damage to records: JSON and YAML that can be read and says something wrong."""

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

import yaml

__all__ = ["damage_json", "damage_record", "damage_yaml"]

_DEEP = 3000
_VALUES: Sequence[Any] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    7,
    255,
    256,
    1 << 24,
    (1 << 31) - 1,
    1 << 32,
    1 << 63,
    1 << 64,
    -(1 << 63),
    10**400,
    0.5,
    -0.0,
    1.0,
    1e308,
    1e-320,
    float("inf"),
    float("nan"),
    "",
    "x",
    "a" * 5000,
    "../../outside",
    "/etc/passwd",
    "\x00",
    "\ud800",
    "\x1b[31mred\x07",
    "line\nline",
    "\u202eright to left",
    "[bold]mark-up[/bold]",
    "input",
    "conv1",
    [],
    {},
    [[]],
    [1, 2, 3],
    [1] * 2000,
    {"": None},
    {"a": {"b": {"c": {}}}},
)
_YAML_WORDS = (
    "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c]\n",
    "seed: &anchor 3\ndata: *anchor\n",
    "name: !!python/object/apply:os.system [touch canary]\n",
    "name: !!python/name:os.system\n",
    "name: !!binary aGVsbG8=\n",
    "--- 1\n--- 2\n",
    "<<: {seed: 3}\n",
    "? [complex, key]\n: value\n",
    "seed: 1\nseed: 2\n",
    "seed: " + "9" * 5000 + "\n",
    "seed: 0x" + "f" * 30 + "\n",
    "seed: 1_000\n",
    "seed: 1:30\n",
    "seed: 2026-01-01\n",
    "name: |\n  text\n   text\n",
    "name: >-\n\n\n\n  x\n",
    "%YAML 9.9\n---\na: 1\n",
    "%TAG ! tag:x,2000:\n---\na: !x 1\n",
    "\t- a\n",
    "name: \x07\n",
    "name: '\ufffe'\n",
    "name: \x85\u2028x\n",
    "[" * 40000,
    "{" * 3000,
    "- " * 4000,
    "? " * 4000,
    "a: " * 2000,
    "a" * 90000 + ": 1\n",
    "'" + "a" * 90000 + "': 1\n",
    '"' + "\\U0010ffff" * 999 + '": 1\n',
    "#" * 250000,
    "x: " + "1" * 250000,
    "*" * 100,
    "...\n...\n",
)


def damage_json(rng: Random, data: bytes, donor: bytes) -> bytes:
    """JSON with some values changed; raises ValueError if it is none."""
    changed = damage_record(rng, json.loads(data), json.loads(donor))
    text = json.dumps(changed, indent=rng.choice((None, 1)))
    if rng.random() < 0.05:
        text = text.replace("{", rng.choice(("[" * _DEEP, '{"a":' * _DEEP)), 1)
    return text.encode("utf-8", "surrogatepass")


def damage_yaml(rng: Random, data: bytes, donor: bytes) -> bytes:
    """YAML with some values changed, or with constructs that a configuration may not have."""
    kind = rng.randrange(4)
    if kind == 0:
        return data + rng.choice(_YAML_WORDS).encode("utf-8", "surrogatepass")
    if kind == 1:
        lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        place = rng.randrange(len(lines) + 1)
        lines[place : place + rng.randrange(2)] = [rng.choice(_YAML_WORDS)]
        return "".join(lines).encode("utf-8", "surrogatepass")
    changed = damage_record(rng, yaml.safe_load(data), yaml.safe_load(donor))
    if kind == 2:  # every JSON text is YAML, nearly
        return json.dumps(changed).encode()
    text = yaml.safe_dump(changed, default_flow_style=rng.choice((None, True, False)))
    return text.encode("utf-8", "surrogatepass")


def damage_record(rng: Random, record: Any, donor: Any) -> Any:
    """A copy of plain data with one to three changes; ``donor`` gives values of the right kind."""
    holder = [copy.deepcopy(record)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(holder))
        parent, key = rng.choice(places)
        _change(rng, parent, key, list(_places([donor])))
    return holder[0]


def _places(node: Any) -> Any:
    """Every container within ``node`` with each of its keys."""
    pending = [node]
    while pending:
        current = pending.pop()
        keys = list(current) if isinstance(current, dict) else range(len(current))
        for key in keys:
            yield current, key
            if isinstance(current[key], dict | list):
                pending.append(current[key])


def _change(rng: Random, parent: Any, key: Any, donors: list[Any]) -> None:
    kind = rng.randrange(8)
    if kind == 0 and isinstance(parent, dict):
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[rng.choice(("extra", "", "name", "\ud800", str(key) + "s"))] = parent.pop(key)
    elif kind == 2 and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif kind == 3 and isinstance(parent, list) and len(parent) > 1:
        del parent[key]
    elif kind == 4:
        other, place = rng.choice(donors)
        parent[key] = copy.deepcopy(other[place])
    elif kind == 5 and isinstance(parent[key], int | float):
        parent[key] = parent[key] * rng.choice((-1, 2, 1000)) + rng.choice((-1, 0, 1))
    else:
        parent[key] = copy.deepcopy(rng.choice(_VALUES))
