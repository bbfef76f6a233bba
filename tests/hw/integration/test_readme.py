"""Page of an export: it says what there is, and nothing of what is not."""

import re

import pytest

from hw.integration.readme import readme
from tests.hw.integration.wrappers import wrapper_of

BAKED = {"tables_sha256": "0123abcd" * 8, "memories": {"layer": {"file": "layer.mem"}}}
LOADED = {"tables_sha256": "", "memories": {"layer": {}}, "load_image": "tables.bin"}
MACRO = BAKED | {"macro": {"model": "crossbar_macro.v"}}


def page(top="axi", names=BAKED, **reset):
    return readme(wrapper_of(top, **reset), names=names, vlnv="ohmforge:generated:digits:1.0")


@pytest.mark.parametrize("top", ["axi", "native"])
def test_ports(top):
    """A table of all of them, in their order."""
    rows = re.findall(r"^\| `(\w+)` \| (in|out) \| (\d+) \|$", page(top), re.M)
    expected = [(p.name, p.direction, str(p.bits)) for p in wrapper_of(top).ports]
    assert rows == expected


@pytest.mark.parametrize("top", ["axi", "native"])
def test_markdown(top):
    """Tables are whole, no directive of the template is left, and the text ends with a line."""
    text = page(top)
    assert not re.search(r"{{|{%|%}|}}", text)
    assert "\n\n\n" not in text
    assert text.endswith("digits:1.0\n")
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        rows = table.splitlines()
        assert len({row.count("|") for row in rows}) == 1
        assert set(rows[1]) <= set("| -")


@pytest.mark.parametrize(
    ("reset", "said"),
    [
        ({}, "`areset` is active high, and changes with the clock."),
        ({"polarity": "low"}, "`aresetn` is active low, and changes with the clock."),
        ({"polarity": "low", "kind": "async"}, "`aresetn` is active low, and may change at any"),
    ],
)
def test_reset(reset, said):
    assert said in page(**reset)


def test_tables():
    """Baked in with their hash, or loaded, and then how and from which file."""
    baked, loaded = page(), page(names=LOADED)
    assert f"baked in, {'0123abcd' * 8}" in baked
    assert "without a hash" in page(names=BAKED | {"tables_sha256": ""})
    assert "tables.bin" not in baked
    assert "loaded at run time" in loaded
    assert "| `rtl/tables.bin` |" in loaded
    assert "load the tables (registers `control`, `load_word`)" in loaded


def test_files():
    """Words of memories and the model of the macro only where there are any."""
    assert "| `rtl/*.mem` |" in page()
    assert "| `rtl/*.mem` |" not in page(names=LOADED)
    assert "| `rtl/crossbar_macro.v` |" in page(names=MACRO)
    assert "crossbar_macro" not in page()


def test_tops_differ():
    """How a host runs it, and what a block design needs."""
    axi, native = page("axi"), page("native")
    assert "4 bytes a transfer, the lowest first, with `tkeep`" in axi
    assert "AXI SmartConnect" in axi
    assert "AXI" not in native
    assert "`bus` is Wishbone B4" in native


def test_unknown_contents_are_an_error():
    """Rather than a gap in the text."""
    for key in ("tables_sha256", "memories"):
        with pytest.raises(KeyError, match=key):
            page(names={name: value for name, value in BAKED.items() if name != key})
