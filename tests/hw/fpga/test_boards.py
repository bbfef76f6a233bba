# amaranth: UnusedElaboratable=no
"""Boards: the pins of their constraints, and the part as the tools have it."""

from fractions import Fraction

import pytest

from hw.fpga.board_clock import BoardClock
from hw.fpga.board_top import board_files
from hw.fpga.boards import BOARDS

SITES = {
    # Of the schematics: clock, serial line from and to the host, button, lights.
    "ulx3s-85f": ("G2", "M1", "L4", "R1", "B2", "C2", "C1"),
    "ecpix5-85f": ("K23", "R26", "R24", "AB1", "R21", "T24", "K21"),
    "icebreaker": ("35", "6", "9", "10", "37", "27", "11"),
}


def files(name, mhz=None):
    board = BOARDS[name]
    wanted = board.clock_mhz if mhz is None else Fraction(mhz)
    return board_files(board, BoardClock(board, wanted), module="link_engine")


@pytest.mark.parametrize("name", BOARDS)
def test_pins(name):
    text = files(name)[f"top.{BOARDS[name].pins}"]
    ends = ('"', ";") if BOARDS[name].pins == "lpf" else ("", "")
    begins = 'SITE "' if BOARDS[name].pins == "lpf" else " "
    for site in SITES[name]:
        assert f"{begins}{site}{''.join(ends)}\n" in text, site


@pytest.mark.parametrize("name", BOARDS)
def test_clock_on_the_board(name):
    """The constraint that the timing of everything follows from."""
    board = BOARDS[name]
    text = files(name)[f"top.{board.pins}"]
    hertz = f'FREQUENCY PORT "{board.clock}_0__io" {float(board.input_mhz) * 1e6} HZ;'
    mhz = f"set_frequency {board.clock}_0__io {float(board.input_mhz)}"
    assert (hertz if board.pins == "lpf" else mhz) in text


@pytest.mark.parametrize("name", BOARDS)
def test_part(name):
    """Device, package and speed grade are those of the platform."""
    board, platform = BOARDS[name], BOARDS[name].make_platform()
    assert platform._nextpnr_device_options[platform.device] in board.device.options
    package = platform.package
    if board.pins == "lpf":
        package = platform._nextpnr_package_options[package].upper()
        assert ("--speed", platform.speed) == board.device.options[1:3]
    assert package.lower() == board.device.options[-1].lower()
    assert float(board.input_mhz) * 1e6 == platform.lookup(board.clock).clock.frequency


@pytest.mark.parametrize(
    ("name", "mhz", "cell"),
    [("ulx3s-85f", 80, "EHXPLLL"), ("icebreaker", 24, "SB_PLL40_PAD")],
)
def test_pll_if_the_board_has_another_clock(name, mhz, cell):
    board = BOARDS[name]
    assert cell in files(name, mhz)["top.v"]
    assert cell not in files(name, board.input_mhz)["top.v"]
    assert BoardClock(board, Fraction(mhz)).clock_mhz == mhz


def test_same_files_again():
    assert files("icebreaker") == files("icebreaker")
    assert "/" not in files("icebreaker")["top.il"].replace("//", "")  # no path of this machine


def test_no_such_clock():
    with pytest.raises(ValueError, match=r"^the clock must be 16 to 275 MHz, not 5$"):
        BoardClock(BOARDS["icebreaker"], Fraction(5))
