"""The report of nextpnr: the clock that holds, and the components on the longest path."""

import json

import pytest

from arch.errors import CheckFailed
from hw.fpga.family import ICE40
from hw.fpga.placement import PARTS, place, read_report
from hw.fpga.synthesis import Synthesis
from tests.hw.fpga.test_netlist import CELLS, NETS, netlist

CLOCK = "$glbnet$clk"


def piece(kind, delay, cell):
    return {"type": kind, "delay": delay, "from": {"cell": "x"}, "to": {"cell": cell}}


REPORT = json.dumps(
    {
        "fmax": {CLOCK: {"achieved": 92.5, "constraint": 80}},
        "critical_paths": [
            {"from": "<async>", "to": f"posedge {CLOCK}", "path": []},
            {
                "from": f"posedge {CLOCK}",
                "to": f"posedge {CLOCK}",
                "path": [
                    piece("clk-to-q", 0.5, "dut.link_TRELLIS_FF_Q"),
                    piece("routing", 1.25, "dut.b.sum_CCU2C_S0"),
                    piece("logic", 0.25, "dut.b.sum_CCU2C_S0"),
                    piece("routing", 1.0, "dut.b.ram.0.0"),
                    piece("setup", 0.25, "dut.b.ram.0.0"),
                ],
            },
        ],
        "utilization": {
            cell: {"used": 10 + place, "available": 99}
            for place, cell in enumerate(("TRELLIS_COMB", "TRELLIS_FF", "DP16KD", "MULT18X18D"))
        },
    }
)


def placement(clock_mhz):
    return read_report(REPORT, netlist(CELLS, NETS), part=PARTS["25k"], clock_mhz=clock_mhz)


def test_reads_the_report():
    found = placement(80.0)
    assert (found.part, found.clock_mhz, found.fmax_mhz) == (
        "LFE5U-25F-6CABGA381",
        80.0,
        92.5,
    )
    assert found.used == {"TRELLIS_COMB": 10, "TRELLIS_FF": 11, "DP16KD": 12, "MULT18X18D": 13}
    first, last = found.path
    assert (first.component, first.signal, first.cells) == ("a", "link", 1)
    assert (first.logic, first.routing) == (0.5, 0.0)
    assert (last.component, last.signal, last.cells) == ("b", "sum", 1)
    assert (last.logic, last.routing) == (0.5, 2.25)


def test_a_clock_holds_or_is_an_error():
    placement(92.5).hold()
    message = r"^100 MHz do not hold, 92\.5 MHz do: from a \(link\) to b \(sum\)$"
    with pytest.raises(CheckFailed, match=message):
        placement(100.0).hold()


SPLIT = json.loads(REPORT) | {
    "critical_paths": [
        {
            "from": f"posedge {first}",
            "to": f"posedge {last}",
            "path": [piece("clk-to-q", delay, "dut.link_TRELLIS_FF_Q")],
        }
        for first, last, delay in (
            (CLOCK, CLOCK, 30.0),
            (CLOCK, "$PACKER_GND", 10.0),
            ("$PACKER_GND", CLOCK, 20.0),
        )
    ],
    "utilization": {cell: {"used": 1, "available": 2} for cell in ICE40.used},
}


def test_path_through_a_multiplier_of_an_ice40():
    """Nextpnr ends it there and begins anew; its halves and the multiplier itself are one path."""
    text = json.dumps(SPLIT)
    found = read_report(text, netlist(CELLS, NETS), part=PARTS["up5k"], clock_mhz=12.0)
    assert found.fmax_mhz == 1000 / (10 + 20 + ICE40.multiplier_ns)
    assert sum(hop.logic for hop in found.path) == 30
    whole = SPLIT | {"critical_paths": SPLIT["critical_paths"][:1]}
    found = read_report(json.dumps(whole), netlist(CELLS, NETS), part=PARTS["up5k"], clock_mhz=12)
    assert found.fmax_mhz == 92.5


def test_nothing_is_timed():
    text = json.dumps(SPLIT | {"fmax": {}})
    with pytest.raises(CheckFailed, match=r"^there is no path from flip-flop to flip-flop$"):
        read_report(text, netlist(CELLS, NETS), part=PARTS["up5k"], clock_mhz=12.0)


def test_wrong_arguments(tmp_path):
    found = Synthesis(netlist=netlist(CELLS, NETS), memories=(), family=ICE40)
    with pytest.raises(ValueError, match=r"^the netlist is for ice40, not for LFE5U-85F-6CABGA38"):
        place(found, tmp_path)
    with pytest.raises(ValueError, match=r"^clock_mhz must be positive, not 0$"):
        place(None, tmp_path, clock_mhz=0)
