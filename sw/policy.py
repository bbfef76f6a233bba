"""The pruning policy: which share of each layer's segments goes, in a file for people to edit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from arch.errors import InputError
from arch.layer import SCHEMES
from arch.regular_file import open_regular
from sw.whole_file import write_whole

__all__ = ["Policy", "policy_for", "read_policy", "write_policy"]

_HEADER = """\
# Pruning policy. A ratio is the pruned share of a layer's segments: 0 keeps all, 1 prunes all.
"""
_FIELDS = ("schema", "scheme", "ratios")
_SCHEMA = 1
_BYTES_MAX = 1 << 16
_DEPTH_MAX = 4


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What pruning is to do.

    Parameters
    ----------
    scheme : str
        Sparsity structure, one of :data:`arch.layer.SCHEMES`.
    ratios : mapping of str to float
        Pruned share of the segments by layer, 0 (keeps all) to 1 (prunes all).

    Raises
    ------
    :exc:`ValueError`
        If the scheme is unknown or a ratio is not 0 to 1.
    """

    scheme: str
    ratios: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"scheme must be {' or '.join(SCHEMES)}, not {self.scheme!r:.80}")
        for name, ratio in self.ratios.items():
            if not isinstance(name, str):
                raise ValueError(f"a layer name must be text, not {name!r:.80}")
            number = isinstance(ratio, int | float) and not isinstance(ratio, bool)
            if not number or not 0 <= ratio <= 1 or math.isnan(ratio):
                raise ValueError(f"ratio of layer {name} must be 0 to 1, not {ratio!r:.80}")

    def check_layers(self, names: Iterable[str]) -> None:
        """Raise :exc:`arch.errors.InputError` unless exactly the layers ``names`` have a ratio."""
        names = list(names)
        _check_known(self.ratios, names)
        for name in names:
            if name not in self.ratios:
                raise InputError(f"the policy lacks a ratio for layer {name}: add it (0 keeps all)")


def policy_for(names: Iterable[str], *, scheme: str, ratio: float | Mapping[str, float]) -> Policy:
    """The policy of a configuration.

    Parameters
    ----------
    names : iterable of str
        Layers of the network, see :func:`sw.networks.mappable`.
    scheme : str
        Sparsity structure.
    ratio : float or mapping of str to float
        One ratio for all layers, or one by layer; layers that are not named keep all.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If a layer is named that the network lacks.
    :exc:`ValueError`
        If a ratio is not 0 to 1.
    """
    names = list(names)
    if not isinstance(ratio, Mapping):
        return Policy(scheme=scheme, ratios=dict.fromkeys(names, ratio))
    _check_known(ratio, names)
    return Policy(scheme=scheme, ratios={name: ratio.get(name, 0.0) for name in names})


def write_policy(policy: Policy, path: Path) -> None:
    """Write a policy; the file is whole or absent."""
    content = {
        "schema": _SCHEMA,
        "scheme": policy.scheme,
        "ratios": {name: float(ratio) for name, ratio in policy.ratios.items()},
    }
    text = _HEADER + yaml.safe_dump(content, sort_keys=False)
    write_whole(path, text.encode())


def read_policy(path: Path) -> Policy:
    """Read what :func:`write_policy` wrote, or a person after it.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read or is no policy; the message says where and what to change.
    """
    content = _read_mapping(Path(path))
    if set(content) != set(_FIELDS):
        found = ", ".join(str(key) for key in content) or "nothing"
        raise InputError(f"{path}: a policy has {', '.join(_FIELDS)}; found {found:.80}")
    if content["schema"] != _SCHEMA or isinstance(content["schema"], bool):
        raise InputError(f"{path}: schema must be {_SCHEMA}, not {content['schema']!r:.80}")
    if not isinstance(content["ratios"], dict):
        raise InputError(f"{path}: ratios must give a ratio for each layer")
    try:
        return Policy(scheme=content["scheme"], ratios=content["ratios"])
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _check_known(ratios: Mapping[str, float], names: list[str]) -> None:
    for name in ratios:
        if name not in names:
            raise InputError(f"no layer {name!r:.80} to prune; the layers are {', '.join(names)}")


class _StrictLoader(yaml.SafeLoader):
    """Plain, flat data: a key stands once, and nothing refers to anything else (no aliases)."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise yaml.MarkedYAMLError(problem="is nested too deeply", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem="a key must be text and stand once", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_mapping(path: Path) -> dict[Any, Any]:
    with open_regular(path, size_max=_BYTES_MAX) as (file, _):
        data = file.read()
    try:
        content = yaml.load(data, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}{line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}: is not YAML text") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: a policy has {', '.join(_FIELDS)}")
    return content
