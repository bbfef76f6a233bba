# amaranth: UnusedElaboratable=no
"""The command `ohmforge fpga`: what it refuses, and what is left when it fails; no tool runs."""

import json

import pytest

from arch.geometry import Geometry
from arch.table_files import save
from flow import fpga_build
from flow.cli import main
from hw.fpga.device import Device
from hw.fpga.placement import Hop, Placement
from hw.fpga.synthesis import Synthesis
from sw.mapping import map_network
from tests.hw.fpga.test_netlist import CELLS, NETS, netlist
from tests.sw.integer_layers import small_network

GEOMETRY = Geometry(rows=64, cols=64)


@pytest.fixture
def directory(tmp_path):
    save(map_network(small_network(GEOMETRY), GEOMETRY), tmp_path / "tables")
    return tmp_path / "tables"


def ohmforge(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, words)))
    said = capsys.readouterr()
    return ended.value.code, said.out, " ".join(said.err.split())


def made(fmax):
    """A stand-in for the tools: a placement that reaches some clock."""

    def build(program, link, board, clock, output, work, *, name, seed, tell):
        tell("place and route")
        placement = Placement(
            part=board.device.title,
            clock_mhz=float(clock.clock_mhz),
            fmax_mhz=fmax,
            used={"TRELLIS_COMB": 1000},
            available={"TRELLIS_COMB": 2000},
            path=(Hop(component="a", signal="s", cells=2, logic=1.0, routing=2.0),),
        )
        bitstream = None
        if placement.holds:
            bitstream = output / "bitstream.bit"
            bitstream.write_bytes(b"bits")
        (work / "nextpnr.log").write_text("said")
        synthesis = Synthesis(netlist=netlist(CELLS, NETS), memories=())
        return Device(synthesis=synthesis, placement=placement, bitstream=bitstream)

    return build


def test_report_and_bitstream(directory, capsys, monkeypatch):
    monkeypatch.setattr(fpga_build, "build_device", made(90.0))
    words = ("fpga", directory, "--board", "ulx3s-85f", "--clock", 80)
    status, out, err = ohmforge(capsys, *words)
    assert (status, "place and route" in err) == (0, True)
    place = directory / "fpga/ulx3s-85f"
    assert f"openFPGALoader -b ulx3s {place / 'bitstream.bit'}" in out
    assert "1,000 of 2,000 TRELLIS_COMB" in out
    assert {path.name for path in place.iterdir()} == {
        "bitstream.bit",
        "report.json",
        "nextpnr.log",
    }
    report = json.loads((place / "report.json").read_text())
    assert report["clock"]["mhz"] == 80
    assert report["clock"]["pll"]["oscillator_mhz"] == 800
    assert report["link"]["clock_hz"] == 80_000_000
    assert report["bitstream"]["bytes"] == 4
    status, out, _ = ohmforge(capsys, *words, "--json")
    assert (status, json.loads(out)) == (0, report)


def test_no_old_bitstream_is_left(directory, capsys, monkeypatch):
    """A clock that does not hold: exit status 1, a report, and nothing to flash."""
    words = ("fpga", directory, "--board", "ulx3s-85f")
    monkeypatch.setattr(fpga_build, "build_device", made(60.0))
    assert ohmforge(capsys, *words)[0] == 0
    monkeypatch.setattr(fpga_build, "build_device", made(49.9))
    status, _, err = ohmforge(capsys, *words)
    assert status == 1
    assert "50 MHz do not hold on ULX3S with LFE5U-85F, 49.9 MHz do: from a (s) to a (s)" in err
    place = directory / "fpga/ulx3s-85f"
    assert not list(place.glob("bitstream*"))
    assert not json.loads((place / "report.json").read_text())["clock"]["holds"]


def test_what_tools_refuse_leaves_nothing(directory, capsys, monkeypatch):
    from arch.errors import ToolError

    words = ("fpga", directory, "--board", "ulx3s-85f")
    monkeypatch.setattr(fpga_build, "build_device", made(60.0))
    ohmforge(capsys, *words)

    def fails(*_given, **_named):
        raise ToolError("nextpnr failed and said: no")

    monkeypatch.setattr(fpga_build, "build_device", fails)
    status, _, err = ohmforge(capsys, *words)
    assert (status, "nextpnr failed and said: no" in err) == (2, True)
    assert not (directory / "fpga/ulx3s-85f").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--board", "arty"), "--board must be one of ulx3s-85f, ecpix5-85f, icebreaker, not arty"),
        (("--board", "ulx3s", "--clock", "x"), "--clock is x, which is no number of MHz"),
        (("--board", "ulx3s-85f", "--clock", "x"), "--clock is x, which is no number of MHz"),
        (("--board", "ulx3s-85f", "--clock", "1e400"), "--clock is 1e400, which is no number of"),
        (("--board", "ulx3s-85f", "--clock", "1e-99999999"), "--clock is 1e-99999999, which is no"),
        (("--board", "ulx3s-85f", "--clock", "nan"), "--clock is nan, which is no number of MHz"),
        (("--board", "ulx3s-85f", "--clock", "500"), "--clock: the clock must be 3.125 to 400 MHz"),
        (("--board", "ulx3s-85f", "--baud", "77"), "--baud: a bit must take 4 to 65535 cycles"),
        (("--board", "icebreaker"), "does not fit iCE40UP5K: 45 memory blocks needed, 30 there"),
    ],
)
def test_refuses(words, message, directory, capsys):
    status, _, err = ohmforge(capsys, "fpga", directory, *words)
    assert (status, message in err) == (2, True), err


def test_no_tables(tmp_path, capsys):
    status, _, err = ohmforge(capsys, "fpga", tmp_path, "--board", "ulx3s-85f")
    assert (status, "manifest.json" in err) == (2, True)
    assert not list(tmp_path.iterdir())
