"""The page on integration: the wrapper's registers are those of the hardware, the C compiles."""

import re
import subprocess

from arch.axi_registers import AXI_BASE, AXI_MAP
from cosim.toolchain import compiler
from hw.register_export import DEVICES, export
from tests.docs.blocks import ROOT, blocks

PAGE = "docs/integration.md"


def test_table():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    row = re.compile(
        r"^\| (?:`(0x1\w+)`)? ?\| (?:`(\w+)`)? ?\| ([\d:]+) \| `(\w+)` \| (\w+) \|", re.M
    )
    seen, name, at = [], "", ""
    for place, register, bits, field, access in row.findall(text):
        at, name = place or at, register or name
        seen.append((int(at, 16), name, bits, field, access))
    assert seen == [
        (
            AXI_BASE + register.at,
            register.name,
            f"{field.low + field.bits - 1}:{field.low}" if field.bits > 1 else f"{field.low}",
            field.name,
            field.access.value,
        )
        for register in AXI_MAP.registers
        for field in register.fields
    ]


def test_code_compiles(tmp_path):
    """With the headers that an export has."""
    export(tmp_path / "registers", DEVICES["axi"])
    (code,) = (block.text for block in blocks(PAGE) if block.language == "c")
    (tmp_path / "code.c").write_text(code + "int (*const used)() = (int (*)())begin;\n")
    done = subprocess.run(
        [compiler().path, "-x", "c", "-Wall", "-Werror", "-fsyntax-only", "-Iregisters", "code.c"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
