"""``docs/registers.md``, from the table of registers.

``python -m flow.registers_page docs/registers.md`` writes it anew.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from arch.register import Register, RegisterField
from arch.registers import REGISTERS, VERSION, Error
from flow.json_file import write_text

__all__ = ["register_lines", "registers_page"]

_INTRODUCTION = f"""\
# Registers of the network engine

The top of the generated Verilog has one stream of image bytes (`i`), one of results (`o`, with
`last`), a control bus and `irq`. This page is the address map of the bus, version
{VERSION[0]}.{VERSION[1]}. It is the same for every engine; addresses never move within a major
version.

This page, the hardware, `registers.rdl` (SystemRDL), `registers.h` (C) and the key `registers` of
`names.json` (for hosts in Python and others) are made from one table, `arch/registers.py`; the
last three lie beside the Verilog. A test has systemrdl-compiler read the SystemRDL and compares
it with the table field by field. `pip install ohmforge[registers]` and `python -m
hw.register_export DIR` give PeakRDL's HTML pages and Python access layer. This page is written by
`python -m flow.registers_page docs/registers.md`.

## The bus

Wishbone B4, classic standard cycles, 32 bits: `cyc`, `stb`, `we`, `adr`, `dat_w` and `sel` (bytes
of a write) stay until `ack` or `err`, which is high for one cycle, two cycles after the request.
`adr` counts words, this page bytes. One access at a time, no bursts. `err` answers where no
register is, and sets `error`; writing what cannot be written does nothing.

Why this bus: it is a handshake and nothing else, in the public domain, and every FPGA toolbox has
masters and bridges. AXI4-Lite attaches with a bridge of three states: take an address (of a write
together with its data), hold `cyc` and `stb` until `ack` or `err`, answer with OKAY or SLVERR.
`sel` is `wstrb`, and nothing is left to be ordered, since there is one access at a time. APB and
UART frames map in the same way.

## Use

1. Compare `magic`, `version` and `table_hash` with the tables at hand; refuse another device.
2. Set `control.enable`, or `control.start` for each image. Without them no image begins and `i`
   takes nothing; an image in work is always finished.
3. `interrupt.image` says that an image has ended; its results may still be on their way out of
   `o`.
4. Counters are read from latched values: write `control.latch`, or set `control.latch_images`,
   with which the values at the end of each image can be read while the next one runs. All are
   latched in one cycle, so `planes` and the idle counters add up to `cycles`, always.
   [Causes](network-engine.md#idle-cycles).

`control.reset` drops the image in mid-work, bytes that were taken and results that were offered
included; bytes that come after it belong to a new image. Registers and counters stay as they are.
A write gives all fields of a register, so write `enable` along with a pulse if it is to stay set.

Errors are sticky: `error.code` and `error.step` are of the first one since `error.flag` was
cleared. Missing bytes on `i` are no error; the engine waits. When it has stopped at an error
(`status.refused`), only a reset goes on, or a load. [Errors](#errors) lists the codes.

If `capabilities.loadable` is set, nothing runs until [tables are
loaded](network-engine.md#loadable-tables):

1. Write `control.load`. The image in work is dropped, and what was loaded is void.
2. Write the words of the load image to `load_word`, one by one, as fast as the bus goes.
3. `status.loaded` says that all is right; with `table_hash` it is the hash of those tables. If
   `status.loading` is still set, words are missing (`load_count` have come); if neither is, the
   load has failed, and `error.code` says why.

Words after a failure are ignored until the next load begins. A hard reset ends a load, and what was
loaded before is void, too; `control.reset` leaves both alone. Engines whose tables are baked in are
always `loaded`, and take no words.

If `capabilities.read_back` is set, what lies in the memories for tables, baked in or loaded, can be
proved:

1. Write `read_back_memory` (0 is the first section of a [load
   image](network-engine.md#loadable-tables), and so on), `read_back_first` and `read_back_parts`.
   A word takes as many parts of 32 bits as in a load image, so all of a memory are its words times
   the parts of one.
2. Write `control.read_back`. The image in work is dropped as by `control.reset`; bytes of images
   wait until the end.
3. When `status.reading_back` is 0, `read_back_crc` is the CRC-32 (as zlib's) of the parts, and
   `read_back_word` the last of them. Part n of word w is the last of n + 1 parts from w on.

A read-back takes four cycles a part, at most eight more, and always ends. `control.reset` and
`control.load` end it early, without a result. No parts are a CRC of zero. If it leaves the memory,
or there is none of that number, it ends with an error. The latched counters show the time as idle,
`stopped`. The expected values are those of `arch.read_back`.

## Access

| access | written by | |
| --- | --- | --- |
| constant | nobody | what the engine is |
| state | the hardware | |
| setting | the host | keeps its value; zero after reset |
| pulse | the host | a one does something once; reads as zero |
| event | the hardware | writing a one clears it |
| word | the host | every write of the whole word is taken once; reads as zero |

Bits that are not listed read as zero.
"""


def registers_page() -> str:
    """The text of the page."""
    lines = ["## Errors\n", "| error | what has happened |", "| --- | --- |"]
    lines += [f"| Code {error.value} (`{error.name}`) | {error.text} |" for error in Error if error]
    return _INTRODUCTION + "\n" + "\n".join([*lines, "", *register_lines(REGISTERS)]) + "\n"


def register_lines(registers: Iterable[Register]) -> list[str]:
    """Lines of the section with a table of registers."""
    lines = ["## Registers\n", "| address | register | bits | field | access | what it says |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for register in registers:
        lines.append(
            f"| `{_address(register)}` | `{_name(register)}` | | | | **{register.text}** |"
        )
        lines += [
            f"| | | {_bits(field)} | `{field.name}` | {field.access} | {_text(field)} |"
            for field in register.fields
        ]
    return lines


def _address(register: Register) -> str:
    return f"0x{register.at:03x}"


def _name(register: Register) -> str:
    return register.name + (f"[{register.count}]" if register.count > 1 else "")


def _bits(field: RegisterField) -> str:
    return f"{field.low}" if field.bits == 1 else f"{field.low + field.bits - 1}:{field.low}"


def _text(field: RegisterField) -> str:
    return field.text + ("" if field.value is None else f": {field.value:#x}")


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), registers_page())
