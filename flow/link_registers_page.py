"""``docs/link-registers.md``, from the table of registers of a host link.

``python -m flow.link_registers_page docs/link-registers.md`` writes it anew.
"""

import sys
from pathlib import Path

from arch.link_registers import LINK_BASE, LINK_MAP
from flow.json_file import write_text
from flow.registers_page import register_lines

__all__ = ["link_registers_page"]

_INTRODUCTION = f"""\
# Registers of the host link

A [host link](link.md) has registers of its own beside [those of the engine](registers.md). They
are at `{LINK_BASE:#x}` of the addresses that a host sees; this page counts from there. It is
version {LINK_MAP.version[0]}.{LINK_MAP.version[1]} of this address map, the same for every link;
addresses never move within a major version.

This page, the hardware and the key `link` of `names.json` beside the Verilog are made from one
table, `arch/link_registers.py`. This page is written by `python -m flow.link_registers_page
docs/link-registers.md`. What the words for access mean is in [registers](registers.md#access).

Registers of what a link was not built with, `features` says which, read as zero. Counters are zero
after a reset. After `control.flush` and `control.clear` the next request sees what they did.
Flushing drops also bytes of an image that the engine has not taken; an image that it has begun
is dropped by `control.reset` of the engine.
"""


def link_registers_page() -> str:
    """The text of the page."""
    return _INTRODUCTION + "\n" + "\n".join(register_lines(LINK_MAP.registers)) + "\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), link_registers_page())
