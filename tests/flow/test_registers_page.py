"""The documentation of the registers is the table that the hardware is made from."""

from pathlib import Path

from arch.registers import REGISTERS, Error
from flow.registers_page import registers_page

ROOT = Path(__file__).resolve().parents[2]


def test_page_is_in_step():
    """Run ``python -m flow.registers_page docs/registers.md`` after a change."""
    assert (ROOT / "docs" / "registers.md").read_text() == registers_page()


def test_page_names_every_field_and_error():
    page = registers_page()
    for register in REGISTERS:
        assert f"| `0x{register.at:03x}` | `{register.name}" in page
        for field in register.fields:
            assert f"| `{field.name}` | {field.access.value} |" in page
    for error in list(Error)[1:]:
        assert f"Code {error.value} (`{error.name}`)" in page
