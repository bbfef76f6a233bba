"""What ``docs/crossbar-macro.md`` says, made by the program."""

import re
from pathlib import Path

from arch.crossbar_macro import LATENCY_MAX, MACRO_LATENCY
from arch.program import build_program
from arch.tables import MappingTables
from hw.macro_files import macro_files, macro_names
from tests.sw.test_mapping_tables_page import COLUMN_VECTOR, GEOMETRY

PAGE = (Path(__file__).parents[2] / "docs" / "crossbar-macro.md").read_text()
PROGRAM = build_program(
    MappingTables(name="page", geometry=GEOMETRY, layers=(COLUMN_VECTOR,)),
    macro_latency=MACRO_LATENCY,
)
INPUTS = (5, 3, 0, 6)
PLANE = 1


def test_pins():
    """The table has every pin, in order, with its direction."""
    stated = dict(re.findall(r"^\| `(\w+)` \| (in|out) \|", PAGE, re.M))
    pins = macro_names(PROGRAM, "macro")["pins"]
    assert stated == {"clk": "in"} | {name: pin["direction"] for name, pin in pins.items()}


def test_latency():
    assert f"1 to {LATENCY_MAX} cycles, {MACRO_LATENCY} unless stated" in PAGE
    assert PROGRAM.shape.conversion == 4


def test_cells():
    """The lines of the file, each with its levels."""
    lines = macro_files(PROGRAM)["crossbars.mem"].splitlines()
    drawn = re.findall(r"^    ([0-9a-f]{4})    levels ([\d |]+?)    word line", PAGE, re.M)
    assert [line for line, _ in drawn] == lines[:4]
    assert set(lines[4:]) == {"0000"}
    for line, levels in drawn:
        cells = [int(line, 16) >> 2 * col & 3 for col in range(8)]
        assert [int(level) for level in levels.replace("|", " ").split()] == cells


def test_codes():
    """The plane, the sum of every bit line, the codes, and what the engine makes of them."""
    word_lines = [value >> PLANE & 1 for value in INPUTS]
    assert f"word_lines {''.join(map(str, reversed(word_lines)))}" in PAGE
    cells = COLUMN_VECTOR.cells[0]
    sums = [
        sum(int(c) for c, on in zip(cells[:, col], word_lines, strict=True) if on)
        for col in range(4)
    ]
    for col, total in enumerate(sums):
        assert re.search(rf"bit line {col}     \d \+ \d = {total}\b", PAGE)
    codes = sum(code << 4 * col for col, code in enumerate(sums))
    assert f"codes {codes:04x} (hexadecimal" in PAGE
    ones = sum(word_lines)
    for low, high in ((sums[0], sums[1]), (sums[2], sums[3])):
        assert f"`{low} + 4 * {high} - {ones} * 8 = {low + 4 * high - 8 * ones}`" in PAGE
