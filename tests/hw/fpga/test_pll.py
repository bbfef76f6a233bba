"""Settings of PLLs: exact, within the limits of the data sheets, as near as other tools come."""

import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hw.fpga.pll import DEVIATION_MAX, ecp5_pll, ice40_pll

TOOLS = Path(sys.executable).parent


def settle(settings_of, given_mhz, wanted):
    """The settings; a clock that no setting comes near is no case."""
    try:
        return settings_of(Fraction(given_mhz), wanted)
    except ValueError:
        return assume(False)


@pytest.mark.parametrize(
    ("given_mhz", "wanted", "reached"),
    [
        (25, 80, 80),
        (25, 50, 50),
        (25, 100, 100),
        (100, 50, 50),
        (100, 62, 62),
        (25, 72, Fraction(575, 8)),
    ],
)
def test_ecp5(given_mhz, wanted, reached):
    assert ecp5_pll(Fraction(given_mhz), Fraction(wanted)).output_mhz == reached


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([10, 12, 25, 48, 50, 100]), st.fractions(4, 400, max_denominator=1000))
def test_ecp5_limits(given_mhz, wanted):
    pll = settle(ecp5_pll, given_mhz, wanted)
    assert 10 <= pll.compared_mhz <= 400
    assert 400 <= pll.oscillator_mhz <= 800
    assert Fraction(25, 8) <= pll.loop_mhz <= 400
    assert Fraction(25, 8) <= pll.output_mhz <= 400
    divisors = (pll.input_divisor, pll.loop_divisor, pll.output_divisor)
    assert all(1 <= divisor <= 128 for divisor in divisors)
    assert 1 <= pll.feedback_divisor <= 80
    assert abs(pll.output_mhz / wanted - 1) <= DEVIATION_MAX
    exact = Fraction(given_mhz) * pll.feedback_divisor * pll.loop_divisor
    assert pll.output_mhz == exact / (pll.input_divisor * pll.output_divisor)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([10, 12, 25, 48, 100]), st.fractions(16, 275, max_denominator=1000))
def test_ice40_limits(given_mhz, wanted):
    pll = settle(ice40_pll, given_mhz, wanted)
    assert 10 <= pll.compared_mhz <= 133
    assert 533 <= pll.oscillator_mhz <= 1066
    assert 0 <= pll.divr <= 15
    assert 0 <= pll.divf <= 127
    assert 1 <= pll.divq <= 6
    assert 1 <= pll.filter_range <= 6
    assert pll.output_mhz == Fraction(given_mhz) * (pll.divf + 1) / (pll.divr + 1) / 2**pll.divq
    assert abs(pll.output_mhz / wanted - 1) <= DEVIATION_MAX


def said_by(tool, wanted, *, given_mhz):
    """What a tool prints."""
    program = shutil.which(tool, path=str(TOOLS))
    command = [program, "-i", str(given_mhz), "-o", str(wanted)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("wanted", [20, 33, 50, 66, 80])
def test_no_worse_than_ecppll(wanted):
    """It has one divisor less, so that it may be farther away."""
    said = said_by("yowasp-ecppll", wanted, given_mhz=25)
    reached = float(re.search(r"clkout0 frequency: ([\d.]+)", said)[1])
    ours = ecp5_pll(Fraction(25), Fraction(wanted)).output_mhz
    assert abs(ours - wanted) <= abs(reached - wanted)


@pytest.mark.parametrize("wanted", [17, 18, 24, 30, 48])
def test_as_icepll(wanted):
    said = said_by("yowasp-icepll", wanted, given_mhz=12)
    found = re.findall(r"(DIV\w|FILTER_RANGE):\s+(\d+)", said)
    values = {name: int(value) for name, value in found}
    ours = ice40_pll(Fraction(12), Fraction(wanted))
    theirs = {"DIVR": ours.divr, "DIVF": ours.divf, "DIVQ": ours.divq}
    assert values == theirs | {"FILTER_RANGE": ours.filter_range}


@pytest.mark.parametrize(
    ("settings_of", "given_mhz", "wanted", "message"),
    [
        (ecp5_pll, 7, 50, r"^the clock that comes must be 8 to 400 MHz, not 7$"),
        (ecp5_pll, 25, 500, r"^the clock must be 3\.125 to 400 MHz, not 500$"),
        (ecp5_pll, 19, 375, r"^the PLL gives no clock within 1% of 375 MHz: .* is the nearest$"),
        (ice40_pll, 12, 12, r"^the clock must be 16 to 275 MHz, not 12$"),
        (ice40_pll, 200, 50, r"^the clock that comes must be 10 to 133 MHz, not 200$"),
    ],
)
def test_refuses(settings_of, given_mhz, wanted, message):
    with pytest.raises(ValueError, match=message):
        settings_of(Fraction(given_mhz), Fraction(wanted))
