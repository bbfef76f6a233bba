# amaranth: UnusedElaboratable=no
"""Board top: its pins are those of amaranth-boards, and lights and button the right way round."""

import re
import sys

import pytest
from amaranth.build import DiffPairs, Pins, Resource, Subsignal
from amaranth.vendor import LatticeICE40Platform

from arch.errors import ToolError
from hw.fpga.board_clock import BoardClock
from hw.fpga.board_top import DEVICE, TOP, board_files, ports
from hw.fpga.boards import BOARDS

ENGINE_PORTS = {"clk", "rst", "uart_rx", "uart_tx", "led_idle", "led_busy", "led_error"}


@pytest.fixture(scope="module", params=BOARDS)
def case(request):
    """A board, the resources that it uses by port of the top, and its files."""
    board = BOARDS[request.param]
    platform = board.make_platform()
    used = {}
    for name, number, part in (
        (board.clock, 0, ""),
        (*board.button, ""),
        ("uart", 0, "rx"),
        ("uart", 0, "tx"),
        *((led.name, led.number, led.part) for led in (board.idle, board.busy, board.error)),
    ):
        resource = platform.lookup(name, number)
        inside = "__".join([f"{name}_{number}", *([part] if part else []), "io"])
        if part:
            resource = next(each for each in resource.ios if each.name == part)
        (used[inside],) = [each for each in resource.ios if isinstance(each, Pins)]
    files = board_files(board, BoardClock(board, board.clock_mhz), module="engine")
    return board, platform, used, files


def modules(text):
    """Text of each module by its name."""
    found = re.findall(r"^module \\?(\S+?) ?\((.*?)^endmodule", text, re.M | re.S)
    return dict(found)


def test_sites(case):
    """Every pin of the constraints is that of the platform, and there are no others."""
    board, platform, used, files = case
    text = files[f"{TOP}.{board.pins}"]
    form = r'LOCATE COMP "(.*)" SITE "(.*)";' if board.pins == "lpf" else r"set_io (\S+) (\S+)"
    sites = {
        port: pins.map_names(platform._conn_pins, None)[0].split(":")[-1]
        for port, pins in used.items()
    }
    assert len(sites) == 7
    assert dict(re.findall(form, text)) == sites


def test_names_of_files(case):
    board, _, _, files = case
    assert set(files) == {"top.il", "top.v", f"top.{board.pins}"}
    assert board.pins == ("pcf" if board.small else "lpf")


def test_ports_of_the_top(case):
    """One for each pin, and no more; those of ECP5 have a direction."""
    board, _, used, files = case
    text = modules(files["top.v"])[TOP]
    declared = dict(re.findall(r"^  (?:in|out)(?:out|put) (\w+)()", text, re.M))
    assert declared.keys() == used.keys()
    if board.pins == "lpf":
        outputs = set(re.findall(r"^  output (\w+)", text, re.M))
        lights = {port for port in used if "led" in port}
        assert outputs == lights | {"uart_0__tx__io"}


def test_engine(case):
    """All of its ports are connected, and it is the only one."""
    *_, files = case
    found = re.findall(rf"^  engine {DEVICE} \((.*?)\);", modules(files["top.v"])[TOP], re.M | re.S)
    (connected,) = found
    assert set(re.findall(r"\.(\w+)\(", connected)) == ENGINE_PORTS
    assert files["top.v"].count("  engine ") == 1


@pytest.mark.parametrize(("port", "part"), [("rx", "receive"), ("tx", "transmit")])
def test_serial_line(case, port, part):
    """From the pin that the board calls so to the port of the engine."""
    *_, files = case
    top = modules(files["top.v"])[TOP]
    pin = f"uart_0__{port}__io"
    connected = re.search(rf"  {part} \((.*?)\);", top, re.S)[1]
    assert f".{pin}({pin})" in connected
    assert f"({re.search(rf'.uart_{port}[(](.*?)[)]', top)[1]})" in connected


@pytest.mark.parametrize("name", ["idle", "busy", "error"])
def test_lights(case, name):
    """Each shows what it is called, and shines for a one whichever way it is wired."""
    board, _, used, files = case
    led = getattr(board, name)
    port = "__".join([f"{led.name}_{led.number}", *([led.part] if led.part else []), "io"])
    text = modules(files["top.v"])
    assert (
        f".{port}({port})"
        in re.search(rf"light_{name}  light_{name} \((.*?)\);", text[TOP], re.S)[1]
    )
    shown = re.search(rf"\.led_{name}\((.*?)\)", text[TOP])[1]
    assert f"({shown})" in re.search(rf"  light_{name} \((.*?)\);", text[TOP], re.S)[1]
    assert ("= ~" in text[f"top.light_{name}"]) == used[port].invert


def test_button(case):
    """It resets while it is pressed."""
    board, _, used, files = case
    name, number = board.button
    (text,) = [text for key, text in modules(files["top.v"]).items() if ".button$" in key][:1]
    assert ("= ~" in text) == used[f"{name}_{number}__io"].invert


def test_lights_differ(case):
    board, *_ = case
    assert len({board.idle, board.busy, board.error}) == 3


class Platform(LatticeICE40Platform):
    """A board that is not."""

    device, package = "iCE40UP5K", "SG48"
    connectors = ()
    resources = (
        Resource("plain", 3, Pins("1", dir="o")),
        Resource("parts", 0, Subsignal("a", Pins("2", dir="i")), Subsignal("b", Pins("3 4"))),
        Resource("pair", 0, DiffPairs("5", "6", dir="i")),
    )


def test_ports_of_resources():
    """Of a resource with parts each of them, raw; else the one that there is."""
    platform = Platform()
    assert len(ports(platform, "plain", 3)) == 1
    parts = ports(platform, "parts", 0)
    assert (len(parts.a), len(parts.b)) == (1, 2)
    assert len(ports(platform, "pair", 0)) == 1


@pytest.mark.parametrize("name", BOARDS)
def test_without_amaranth_boards(name, monkeypatch):
    board = BOARDS[name]
    module = board.platform.partition(":")[0]
    monkeypatch.setitem(sys.modules, f"amaranth_boards.{module}", None)
    message = r"^amaranth-boards is missing: pip install 'ohmforge\[fpga\]'$"
    with pytest.raises(ToolError, match=message):
        board_files(board, BoardClock(board, board.clock_mhz), module="engine")
