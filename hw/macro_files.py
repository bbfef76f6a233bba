"""What lies beside the Verilog of an engine with a crossbar macro: its model and its cells."""

import re
from functools import partial
from pathlib import Path

from amaranth import Shape
from amaranth.lib.wiring import In

from arch.program import tile_name
from hw.adc import code_bits
from hw.emulated_crossbar import bit_line_bits
from hw.layouts import struct
from hw.macro_crossbar import MacroPins
from hw.tile import CELLS, MACRO

__all__ = ["macro_files", "macro_names"]

_MODEL = f"{MACRO}.v"


def macro_files(program):
    """The behavioural model of the macros of ``program``, and what their cells hold.

    Parameters
    ----------
    program : :class:`arch.program.Program`
        Of an engine with a macro.

    Returns
    -------
    dict of str to str
        Text of each file by name.
    """
    macro, g = program.shape.macro, program.shape.geometry
    bits = {name: Shape.cast(member.shape).width for name, member in _pins(program.shape)}
    parameters = {
        "ARRAYS": g.arrays,
        "CROSSBARS": macro.crossbars,
        "ROWS": g.rows,
        "COLS": g.cols,
        "CELL_BITS": g.cell_bits,
        "OU_ROWS": g.ou_rows,
        "OU_COLS": g.ou_cols,
        "CROSSBAR_BITS": bits["crossbar"],
        "SLOT_ROW_BITS": bits["slot_row"],
        "SLOT_COL_BITS": bits["slot_col"],
        "CODE_BITS": bits["codes"] // (g.arrays * g.ou_cols),
        "LATENCY": macro.latency,
    }
    text = Path(__file__).with_name(_MODEL).read_text()
    for name, value in parameters.items():
        stated = re.compile(rf"\bparameter {name} = \d+, *")
        text, found = stated.subn(partial(_state, f"parameter {name} = {value}, "), text)
        if found != 1:
            raise ValueError(f"{_MODEL} must have one parameter {name}, not {found}")
    digits = -(-macro.line_layout.width // 4)
    return {_MODEL: text} | {
        file: "".join(f"{word:0{digits}x}\n" for word in words)
        for file, words in zip(_cell_files(program), program.cell_words, strict=True)
    }


def _cell_files(program):
    """Name of the file with the cells of the macro of each tile."""
    tiles = program.shape.tiles
    return [f"{tile_name(CELLS, tile, tiles)}.mem" for tile in range(tiles)]


def macro_names(program, engine):
    """What ``names.json`` says of the macros; the layer engine in the design is ``engine``."""
    macro, g = program.shape.macro, program.shape.geometry
    return {
        "module": MACRO,
        "instances": [
            {"instance": f"{engine}.tile{tile}.macro", "cells": file}
            for tile, file in enumerate(_cell_files(program))
        ],
        "model": _MODEL,
        "latency": macro.latency,
        "clock": "clk",
        "pins": {
            name: {
                "direction": "out" if member.flow == In else "in",
                "bits": Shape.cast(member.shape).width,
            }
            for name, member in _pins(program.shape)
        },
        "cells": {
            "arrays": g.arrays,
            "crossbars": macro.crossbars,
            "rows": g.rows,
            "cols": g.cols,
            "cell_bits": g.cell_bits,
        },
    }


def _state(text, match):
    return text.ljust(len(match[0]))  # comments stay in their column


def _pins(shape):
    """Name and member of each pin; the directions are those of the engine."""
    g = shape.geometry
    level_bits = bit_line_bits(ou_rows=g.ou_rows, cell_bits=g.cell_bits)
    pins = MacroPins(
        slot=struct(shape.macro.slot_layout),
        ou_rows=g.ou_rows,
        columns=g.arrays * g.ou_cols,
        code_bits=code_bits(level_bits=level_bits, adc_bits=g.adc_bits),
    )
    return pins.members.items()
