"""Constraints: what is stated, and what is left to be filled in."""

import re

import pytest

from hw.integration.constraints import constraint_files
from tests.hw.integration.wrappers import wrapper_of

BITS = ["clk", "rst", *(f"i__payload[{bit}]" for bit in range(8)), "i__valid"]


def stated(text):
    """Lines that a tool acts upon."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def asked(text):
    """Lines that are to be filled in."""
    return [line for line in text.splitlines() if "?" in line]


def files(clock_mhz=80, **reset):
    return constraint_files(wrapper_of("native", **reset), clock_mhz=clock_mhz)


def test_clock_alone():
    """A reset that changes with the clock is timed as everything is."""
    texts = files()
    assert list(texts) == ["digits.lpf", "digits.pcf", "digits.xdc", "digits.sdc"]
    assert stated(texts["digits.lpf"]) == ['FREQUENCY PORT "clk" 80 MHZ;']
    assert stated(texts["digits.pcf"]) == ["set_frequency clk 80"]
    clock = "create_clock -name clk -period 12.500 [get_ports clk]"
    assert stated(texts["digits.xdc"]) == stated(texts["digits.sdc"]) == [clock]


def test_asynchronous_reset():
    """Its path is not timed, by the name that its level gives it."""
    texts = files(polarity="low", kind="async")
    assert stated(texts["digits.lpf"])[1:] == ['BLOCK PATH FROM PORT "rst_n";']
    for name in ("digits.xdc", "digits.sdc"):
        assert stated(texts[name])[1:] == ["set_false_path -from [get_ports rst_n]"]
    assert len(stated(texts["digits.pcf"])) == 1


@pytest.mark.parametrize(
    ("end", "form"),
    [
        ("lpf", r'# LOCATE COMP "(.*)" SITE "\?"; IOBUF PORT "\1" IO_TYPE=LVCMOS33;'),
        ("pcf", r"# set_io (.*) \?"),
        ("xdc", r"# set_property -dict {PACKAGE_PIN \? IOSTANDARD .*} \[get_ports {(.*)}\]"),
    ],
)
def test_pins(end, form):
    """A line for every bit, in the order of the ports, none of which does anything yet."""
    lines = asked(files()[f"digits.{end}"])
    assert [re.fullmatch(form, line)[1] for line in lines] == BITS


def test_sdc_has_no_pins():
    """They are chosen in another file there."""
    assert asked(files()["digits.sdc"]) == []


@pytest.mark.parametrize(
    ("clock_mhz", "frequency", "period"),
    [
        (12.5, "12.5", "80.000"),
        (300, "300", "3.333"),
        (1, "1", "1000.000"),
        (0.5, "0.5", "2000.000"),
    ],
)
def test_periods(clock_mhz, frequency, period):
    texts = files(clock_mhz)
    assert f'"clk" {frequency} MHZ' in texts["digits.lpf"]
    assert f"set_frequency clk {frequency}\n" in texts["digits.pcf"]
    assert f"-period {period} " in texts["digits.xdc"]


@pytest.mark.parametrize("clock_mhz", [0, -1, float("nan")])
def test_wrong_clock(clock_mhz):
    with pytest.raises(ValueError, match=f"^clock_mhz must be positive, not {clock_mhz}$"):
        files(clock_mhz)
