"""Models of ECP5 cells: memories and multipliers after synthesis do what they did before."""

import json
import os
import random
import re
import subprocess

import pytest
from amaranth import Module, Signal, signed, unsigned
from amaranth.back import verilog
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from cosim.netlist import write_netlist
from cosim.toolchain import verilator

pytestmark = pytest.mark.cosim

SHAPES = ((2048, 8), (4096, 4), (8192, 2), (16384, 1), (1024, 18), (512, 36))
INPUTS = {"at": 14, "to": 14, "data": 57, "write": 1, "read": 1}
OUTPUTS = {f"shown{n}": bits for n, (_, bits) in enumerate(SHAPES)} | {
    "both_signs": 36,
    "no_sign": 34,
}
BENCH = """
module bench;
  reg clk = 0, rst = 1;
  reg [{inputs}:0] given = 0;
  wire [{outputs}:0] right, seen;
  integer cycle;
  cells first({first});
  netlist second({second});
  initial begin
    for (cycle = 0; cycle < 2000; cycle = cycle + 1) begin
      rst = cycle < 2;
      given = {{$urandom, $urandom, $urandom, $urandom}};
      #1 clk = 1;
      #1 clk = 0;
      if (right !== seen) begin
        $display("cycle %0d: %x is %x", cycle, right, seen);
        $finish;
      end
    end
    $display("all alike");
    $finish;
  end
endmodule
"""


class Cells(wiring.Component):
    """Memories with contents, and products of both kinds."""

    def __init__(self):
        inputs = {name: In(bits) for name, bits in INPUTS.items()}
        super().__init__(inputs | {name: Out(bits) for name, bits in OUTPUTS.items()})

    def elaborate(self, platform):
        m = Module()
        rng = random.Random(1)
        for n, (depth, bits) in enumerate(SHAPES):
            m.submodules[f"memory{n}"] = memory = Memory(
                shape=unsigned(bits),
                depth=depth,
                init=[rng.getrandbits(bits) for _ in range(depth)],
                attrs={"ram_style": "block"},
            )
            write, read = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(self.to),
                write.data.eq(self.data),
                # Block RAM does not define what is read where something is written.
                write.en.eq(self.write & (write.addr != read.addr)),
                read.addr.eq(self.at),
                read.en.eq(self.read),
                getattr(self, f"shown{n}").eq(read.data),
            ]
        left, right = Signal(signed(18)), Signal(signed(18))
        m.d.sync += [
            left.eq(self.data),
            right.eq(self.data >> 18),
            self.both_signs.eq(left * right),
            self.no_sign.eq(self.data[:17] * self.data[40:57]),
        ]
        return m


def in_short_blocks(text):
    """The same contents of memories; Yosys takes the square of the length of a block."""
    block = re.compile(r"((?:^ *\S+\[\d+\] = .*;\n){128})", re.M)
    return block.sub(r"\1  end\n  initial begin\n", text)


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cells")
    given = directory / "verilog"
    given.mkdir()
    text = verilog.convert(Cells(), name="cells", emit_src=False)
    (given / "cells.v").write_text(in_short_blocks(text))
    ports = {name: {"direction": "in", "bits": bits} for name, bits in INPUTS.items()}
    ports |= {name: {"direction": "out", "bits": bits} for name, bits in OUTPUTS.items()}
    names = {"top": "cells", "clock": "clk", "reset": {"name": "rst"}, "ports": ports}
    (given / "names.json").write_text(json.dumps(names))
    return write_netlist(given, directory / "netlist", directory / "work")


def test_equals_source(netlist, tmp_path):
    """Contents, reads and writes in every width, and products, in random cycles."""
    assert netlist.cells["DP16KD"] >= len(SHAPES)
    assert netlist.cells["MULT18X18D"] == 2
    text = (netlist.directory / "cells.v").read_text()
    source = (netlist.directory.parent / "verilog" / "cells.v").read_text()
    first, second = (
        ", ".join([".clk(clk), .rst(rst)", *slices(INPUTS, "given"), *slices(OUTPUTS, shown)])
        for shown in ("right", "seen")
    )
    widths = {"inputs": sum(INPUTS.values()) - 1, "outputs": sum(OUTPUTS.values()) - 1}
    bench = BENCH.format(first=first, second=second, **widths)
    (tmp_path / "all.v").write_text(
        source + text.replace("module cells(", "module netlist(") + bench
    )
    assert simulate(tmp_path).splitlines()[0] == "all alike"


def slices(ports, bus):
    """How ports are connected, one behind the other."""
    low, connected = 0, []
    for name, bits in ports.items():
        connected.append(f".{name}({bus}[{low + bits - 1}:{low}])")
        low += bits
    return connected


def simulate(directory):
    """What the bench in a directory prints."""
    tools = verilator()
    options = ("--binary", "--timing", "-Wno-lint", "-Wno-fatal", "--top-module", "bench")
    subprocess.run(
        [tools.path, *options, "-CFLAGS", "-O0", "--Mdir", "build", "all.v"],
        cwd=directory,
        env=os.environ | tools.environment,
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [directory / "build" / "Vbench"], check=True, capture_output=True, text=True
    )
    return done.stdout
