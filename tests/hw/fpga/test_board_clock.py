# amaranth: UnusedElaboratable=no
"""Board clock: what the Verilog has of the settings of a PLL, and how long the reset is."""

import re
from fractions import Fraction

import pytest

from hw.fpga.board_clock import BoardClock
from hw.fpga.board_top import board_files
from hw.fpga.boards import BOARDS
from hw.fpga.power_on_reset import reset_cycles
from tests.hw.fpga.test_board_top import modules


def clock_of(name, mhz):
    """The clock, and the modules of the Verilog."""
    clock = BoardClock(BOARDS[name], Fraction(mhz))
    return clock, modules(board_files(BOARDS[name], clock, module="engine")["top.v"])


def instance(text, cell):
    """Parameters and connections of a cell."""
    form = rf"^  {cell} #\((.*?)^  \) \S+ \((.*?)\);"
    parameters, connected = re.search(form, text, re.M | re.S).groups()
    values = re.findall(r"\.(\w+)\((?:\d*'(\w)(\w+)|\"(\w*)\")\)", parameters)
    bases = {"h": 16, "d": 10, "": 10}
    return (
        {key: word or int(digits, bases[base]) for key, base, digits, word in values},
        dict(re.findall(r"\.(\w+)\((.*?)\)", connected)),
    )


@pytest.mark.parametrize(("name", "mhz"), [("ulx3s-85f", 80), ("ecpix5-85f", 50)])
def test_ecp5(name, mhz):
    """Dividers, their phases, and CLKOP as what is fed back."""
    clock, text = clock_of(name, mhz)
    parameters, connected = instance(text["top.clock"], "EHXPLLL")
    pll = clock.pll
    for key, value in {
        "CLKI_DIV": pll.input_divisor,
        "CLKFB_DIV": pll.feedback_divisor,
        "CLKOP_DIV": pll.loop_divisor,
        "CLKOP_CPHASE": pll.loop_divisor - 1,
        "CLKOS_DIV": pll.output_divisor,
        "CLKOS_CPHASE": pll.output_divisor - 1,
        "FEEDBK_PATH": "CLKOP",
    }.items():
        assert parameters[key] == value, key
    assert connected["CLKFB"] == connected["CLKOP"] != connected["CLKOS"]
    assert f"assign boot_clk = {connected['CLKOS']};" in text["top.clock"]
    assert connected["RST"] == connected["STDBY"] == "1'h0"


@pytest.mark.parametrize("mhz", [24, 48])
def test_ice40(mhz):
    """The PLL takes the pad itself; nothing else may."""
    clock, text = clock_of("icebreaker", mhz)
    parameters, connected = instance(text["top.clock"], "SB_PLL40_PAD")
    pll = clock.pll
    assert parameters == {
        "FEEDBACK_PATH": "SIMPLE",
        "DIVR": pll.divr,
        "DIVF": pll.divf,
        "DIVQ": pll.divq,
        "FILTER_RANGE": pll.filter_range,
    }
    assert connected["PACKAGEPIN"] == "clk12_0__io"
    assert (connected["RESETB"], connected["BYPASS"]) == ("1'h1", "1'h0")
    assert not [name for name in text if name.startswith("top.clock.input")]


@pytest.mark.parametrize(
    ("name", "mhz"), [("ulx3s-85f", 25), ("ulx3s-85f", 80), ("icebreaker", 12), ("icebreaker", 30)]
)
def test_reset_lasts_as_long_at_any_clock(name, mhz):
    """The reset counts cycles of the clock that the engine gets."""
    clock, text = clock_of(name, mhz)
    cycles = reset_cycles(clock.clock_mhz)
    assert cycles / mhz >= 15 > (cycles - 2) / mhz  # microseconds
    counted = [
        int(last, 16)
        for last in re.findall(r"count == \d+'h(\w+)", text["top.clock.power_on_reset"])
    ]
    assert counted == [cycles]


@pytest.mark.parametrize("name", BOARDS)
def test_no_pll_for_the_clock_of_the_board(name):
    """The reset does not wait for a lock then."""
    board = BOARDS[name]
    clock, text = clock_of(name, board.input_mhz)
    assert clock.pll is None
    assert clock.clock_mhz == board.input_mhz
    assert "PLL" not in "".join(text.values())
    assert "assign locked = 1'h1;" in text["top.clock"]


@pytest.mark.parametrize(
    ("name", "wanted", "reached"),
    [("ulx3s-85f", 72, Fraction(575, 8)), ("icebreaker", 25, Fraction(201, 8))],
)
def test_says_the_clock_that_is_reached(name, wanted, reached):
    """Not the one that was asked for."""
    assert BoardClock(BOARDS[name], Fraction(wanted)).clock_mhz == reached != wanted


@pytest.mark.parametrize("name", BOARDS)
def test_default_clock(name):
    """That of the table is reached exactly."""
    board = BOARDS[name]
    assert BoardClock(board, board.clock_mhz).clock_mhz == board.clock_mhz
