"""The documentation of the link's registers is the table that the hardware is made from."""

from pathlib import Path

from arch.link_registers import LINK_MAP
from flow.link_registers_page import link_registers_page

ROOT = Path(__file__).resolve().parents[2]


def test_page_is_in_step():
    """Run ``python -m flow.link_registers_page docs/link-registers.md`` after a change."""
    assert (ROOT / "docs" / "link-registers.md").read_text() == link_registers_page()


def test_page_names_every_field():
    page = link_registers_page()
    for register in LINK_MAP.registers:
        assert f"| `0x{register.at:03x}` | `{register.name}" in page
        for field in register.fields:
            assert f"| `{field.name}` | {field.access.value} |" in page
