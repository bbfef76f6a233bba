"""``docs/configuration.md``, from the models of the configuration.

``python -m flow.configuration_page docs/configuration.md`` writes it anew.
"""

import sys
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flow.configuration import Configuration
from flow.field_rule import accepted, section_of, written
from flow.json_file import write_text

__all__ = ["configuration_page"]

_INTRODUCTION = """\
# Configuration

A job is one YAML file. `examples/digits.yaml` states every section. Every field has a default, so a
file says only what it wants otherwise; unknown keys, keys that stand twice and values of the wrong
type are refused with the line and, where there is one, the nearest right key. Scalars are those of
YAML 1.2: `no` is text, `010` is ten, `1e-3` is a number, `"1"` is not. Anchors, aliases and tags
are refused, and so is a file of more than 256 KiB.

`ohmforge run CONFIG -o DIR --set prune.ratio=0.5 --set geometry.adc_bits=4` uses other values for
once; what follows `=` is YAML.

A value that is listed alone under "accepts" is the only one that is supported yet.

This page is written from `flow/configuration.py` by
`python -m flow.configuration_page docs/configuration.md`; a test keeps the two together.
"""


def configuration_page() -> str:
    """The text of the page."""
    plain = {
        name: info for name, info in Configuration.model_fields.items() if section_of(info) is None
    }
    parts = [_INTRODUCTION, "## The job\n", _table(plain)]
    for name, info in Configuration.model_fields.items():
        section = section_of(info)
        if section is not None:
            parts += [f"## `{name}`\n", _paragraph(section, info), _table(section.model_fields)]
            for key, field in section.model_fields.items():
                if inner := section_of(field):
                    parts += [f"### `{name}.{key}`\n", _paragraph(inner, field)]
                    parts.append(_table(inner.model_fields))
    return "\n".join(parts)


def _paragraph(section: type[BaseModel], info: FieldInfo) -> str:
    absent = " May be left out." if info.default is None else ""
    return f"{' '.join((section.__doc__ or '').split())}{absent}\n"


def _table(fields: dict[str, FieldInfo]) -> str:
    lines = ["| field | default | accepts | what it says |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{name}` | {_default(info)} | {accepted(info)} | {info.description} |"
        for name, info in fields.items()
    ]
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> str:
    return "" if section_of(info) else f"`{written(info.default)}`"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), configuration_page())
