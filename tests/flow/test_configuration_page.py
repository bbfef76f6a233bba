"""The documentation of the configuration is the configuration."""

from pathlib import Path

import pytest

from flow.configuration import Configuration
from flow.configuration_page import configuration_page
from flow.field_rule import accepted, section_of

ROOT = Path(__file__).resolve().parents[2]


def fields():
    for name, info in Configuration.model_fields.items():
        section = section_of(info)
        if section is None:
            yield name, info
        else:
            yield from ((f"{name}.{key}", inner) for key, inner in section.model_fields.items())


def test_page_is_in_step():
    """Run ``python -m flow.configuration_page docs/configuration.md`` after a change."""
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration_page()


@pytest.mark.parametrize(("name", "info"), list(fields()), ids=lambda value: str(value)[:30])
def test_every_field_has_default_range_and_sentence(name, info):
    assert not info.is_required()
    assert info.description.endswith(".")
    rule = accepted(info)
    assert rule
    if info.annotation in (int, float):
        assert " from " in rule


def test_page_names_every_field():
    page = configuration_page()
    for name, info in fields():
        assert f"| `{name.rpartition('.')[2]}` |" in page
        assert info.description in page
