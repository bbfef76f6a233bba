"""What lies beside the Verilog of an engine with a crossbar macro: its model and its cells."""

import re
from functools import partial
from pathlib import Path

from amaranth import Shape
from amaranth.lib.wiring import In

from hw.adc import code_bits
from hw.emulated_crossbar import bit_line_bits
from hw.layer_engine import MACRO
from hw.layouts import struct
from hw.macro_crossbar import MacroPins

__all__ = ["macro_files", "macro_names"]

_MODEL = f"{MACRO}.v"
_CELLS = "crossbars.mem"


def macro_files(program):
    """The behavioural model of the macro of ``program``, and what its cells hold.

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
    return {
        _MODEL: text,
        _CELLS: "".join(f"{word:0{digits}x}\n" for word in program.cell_words),
    }


def macro_names(program, instance):
    """What ``names.json`` says of the macro that is called ``instance`` in the design."""
    macro, g = program.shape.macro, program.shape.geometry
    return {
        "module": MACRO,
        "instance": instance,
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
            "file": _CELLS,
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
