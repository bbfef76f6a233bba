"""A small netlist as Yosys writes it: who the cells belong to, and what is wrong with it."""

import json

from hw.fpga.netlist import BlockSize, Netlist

INPUTS = ["engine/i", "engine.a/i", "engine.b/i"]


def cell(kind, **ports):
    """A cell; ports whose names are in OUTPUTS are driven by it."""
    outputs = ("Z", "Q", "S0", "COUT", "DO", "DOA", "P0")
    return {
        "type": kind,
        "port_directions": {port: "output" if port in outputs else "input" for port in ports},
        "connections": ports,
    }


def netlist(cells, nets, inputs=INPUTS):
    scopes = {name: {"type": "$scopeinfo"} for name in ("dut", "dut.a", "dut.b")}
    netnames = {
        name: {"bits": bits, "hide_name": int(name.startswith("$"))} for name, bits in nets.items()
    }
    text = json.dumps({"modules": {"pins": {"cells": cells | scopes, "netnames": netnames}}})
    return Netlist(text, inputs=inputs, top="engine")


CELLS = {
    # Component a has a register, which the engine calls `link` and b calls `i`.
    "dut.link_TRELLIS_FF_Q": cell("TRELLIS_FF", DI=[11], CLK=[2], Q=[10]),
    "dut.link_TRELLIS_FF_Q_DI_LUT4_Z": cell("LUT4", A=[3], B=[10], C=["0"], D=["0"], Z=[11]),
    "dut.b.sum_CCU2C_S0": cell("CCU2C", A0=[10], S0=[12], COUT=[13]),
    "dut.b.ram.0.0": cell("DP16KD", ADA0=[12], DOA=[14]),
    "dut.b.small.0.0": cell("TRELLIS_DPR16X4", RAD=[12], DO=[15]),
    "dut.b.factor": cell("MULT18X18D", A0=[12], P0=[16]),
    "given_TRELLIS_FF_Q": cell("TRELLIS_FF", DI=[3], Q=[17]),
}
NETS = {"dut.link": [10], "dut.a.o": [10], "dut.b.i": [10], "dut.b.i.part": [10], "given": [17]}


def size(name, **counts):
    zero = dict.fromkeys(("luts", "memory_luts", "flip_flops", "block_rams", "multipliers"), 0)
    return BlockSize(name=name, **(zero | counts))


def test_cells_belong_to_what_drives_their_net():
    """Not to those that it is an input of, nor to the parent that connects them."""
    found = netlist(CELLS, NETS)
    assert found.blocks() == [
        size("(wrapper)", flip_flops=1),
        size("a", luts=1, flip_flops=1),
        size("b", luts=6, memory_luts=4, block_rams=1, multipliers=1),
    ]
    assert found.total() == size(
        "", luts=7, memory_luts=4, flip_flops=1, block_rams=1, multipliers=1
    )


def test_names_on_a_path():
    found = netlist(CELLS, NETS)
    assert found.component("dut.link_TRELLIS_FF_Q_DI_LUT4_Z") == "a"
    assert found.component("dut.b.sum_CCU2C_S0") == "b"
    assert found.component("clk") == "(wrapper)"
    assert found.signal("dut.b.sum_CCU2C_S0") == "sum"
    assert found.signal("dut.link_TRELLIS_FF_Q_DI_LUT4_Z") == "link"


def test_memories():
    found = netlist(CELLS, NETS)
    assert found.memory_cells("dut.b.ram") == {"DP16KD": 1}
    assert found.memory_cells("dut.b.small") == {"TRELLIS_DPR16X4": 1}
    assert not found.memory_cells("dut.b.r")


def test_loops():
    """A path back through look-up tables is found; one through a flip-flop is none."""
    assert netlist(CELLS, NETS).loops() == []
    loop = {
        "one": cell("LUT4", A=[20], Z=[21]),
        "two": cell("PFUMX", ALUT=[21], BLUT=[3], C0=[3], Z=[20]),
    }
    assert set(netlist(CELLS | loop, NETS).loops()) == {"one", "two"}
