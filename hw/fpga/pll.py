"""PLLs: the settings that bring a clock nearest to the one that is asked for.

Everything is exact: a frequency is a fraction, in MHz. The limits are those of the data sheets,
Lattice FPGA-DS-02012 (ECP5 and ECP5-5G family, sysCLOCK PLL timing) and FPGA-DS-02008 (iCE40
UltraPlus family, sysCLOCK PLL timing); what the settings mean is in the usage guides FPGA-TN-02200
and FPGA-TN-02052.
"""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["DEVIATION_MAX", "Ecp5Pll", "Ice40Pll", "ecp5_pll", "ice40_pll"]

DEVIATION_MAX = Fraction(1, 100)
"""How far a clock may be from the one that is asked for."""

_ECP5_INPUT = (8, 400)
_ECP5_COMPARED = (10, 400)
_ECP5_OSCILLATOR = (400, 800)
_ECP5_OUTPUT = (Fraction(25, 8), 400)
_ICE40_INPUT = (10, 133)
_ICE40_COMPARED = (10, 133)
_ICE40_OSCILLATOR = (533, 1066)
_ICE40_OUTPUT = (16, 275)
_ICE40_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (133, 6))
"""Highest frequency that is compared, and the setting of the filter up to it."""


@dataclass(frozen=True, kw_only=True)
class Ecp5Pll:
    """Settings of an ``EHXPLLL``: CLKOP is fed back, CLKOS is the clock.

    Parameters
    ----------
    input_mhz : Fraction
        The clock that comes.
    input_divisor, feedback_divisor : int
        ``CLKI_DIV``, 1 to 128, and ``CLKFB_DIV``, 1 to 80.
    loop_divisor, output_divisor : int
        ``CLKOP_DIV`` and ``CLKOS_DIV``, 1 to 128.
    """

    input_mhz: Fraction
    input_divisor: int
    feedback_divisor: int
    loop_divisor: int
    output_divisor: int

    @property
    def compared_mhz(self) -> Fraction:
        """What the phase detector compares."""
        return self.input_mhz / self.input_divisor

    @property
    def loop_mhz(self) -> Fraction:
        """What is fed back, before it is divided."""
        return self.compared_mhz * self.feedback_divisor

    @property
    def oscillator_mhz(self) -> Fraction:
        """Frequency of the oscillator."""
        return self.loop_mhz * self.loop_divisor

    @property
    def output_mhz(self) -> Fraction:
        """The clock that leaves."""
        return self.oscillator_mhz / self.output_divisor


@dataclass(frozen=True, kw_only=True)
class Ice40Pll:
    """Settings of an ``SB_PLL40``, with simple feedback.

    Parameters
    ----------
    input_mhz : Fraction
        The clock that comes.
    divr, divf, divq : int
        What the input and what is fed back are divided by, less one; the power of two by which
        the output is.
    """

    input_mhz: Fraction
    divr: int
    divf: int
    divq: int

    @property
    def compared_mhz(self) -> Fraction:
        """What the phase detector compares."""
        return self.input_mhz / (self.divr + 1)

    @property
    def oscillator_mhz(self) -> Fraction:
        """Frequency of the oscillator."""
        return self.compared_mhz * (self.divf + 1)

    @property
    def output_mhz(self) -> Fraction:
        """The clock that leaves."""
        return self.oscillator_mhz / (1 << self.divq)

    @property
    def filter_range(self) -> int:
        """Setting of the loop's filter."""
        return next(setting for most, setting in _ICE40_FILTERS if self.compared_mhz <= most)


def ecp5_pll(input_mhz: Fraction, wanted_mhz: Fraction) -> Ecp5Pll:
    """The settings whose output is nearest to ``wanted_mhz``.

    Of several the one that compares the highest frequency is taken, then that with the fastest
    oscillator.

    Raises
    ------
    :exc:`ValueError`
        If none is within :data:`DEVIATION_MAX`, or a frequency is out of the range of the part.
    """
    _check_range("the clock that comes", input_mhz, _ECP5_INPUT)
    _check_range("the clock", wanted_mhz, _ECP5_OUTPUT)
    found = []
    for divisor in range(1, int(input_mhz / _ECP5_COMPARED[0]) + 1):
        compared = input_mhz / divisor
        if compared > _ECP5_COMPARED[1]:
            continue
        # The oscillator runs at whole multiples of what is compared.
        low, high = (limit / compared for limit in _ECP5_OSCILLATOR)
        for multiple in range(-int(-low // 1), int(high) + 1):
            factors = _factors(multiple, compared)
            if factors is None:
                continue
            exact = compared * multiple / wanted_mhz
            found += [
                Ecp5Pll(
                    input_mhz=input_mhz,
                    input_divisor=divisor,
                    feedback_divisor=factors[0],
                    loop_divisor=factors[1],
                    output_divisor=output,
                )
                for output in (max(1, int(exact)), int(exact) + 1)
                if output <= 128
            ]
    return _nearest(found, wanted_mhz, _ECP5_OUTPUT)


def _factors(multiple: int, compared: Fraction) -> tuple[int, int] | None:
    """Divisors of feedback and loop that make a multiple, the loop as fast as it may be."""
    for loop in range(1, 129):
        feedback, rest = divmod(multiple, loop)
        low, high = _ECP5_OUTPUT
        if not rest and feedback <= 80 and low <= compared * feedback <= high:
            return feedback, loop
    return None


def ice40_pll(input_mhz: Fraction, wanted_mhz: Fraction) -> Ice40Pll:
    """Likewise for an iCE40 UltraPlus; raises ValueError as :func:`ecp5_pll`."""
    _check_range("the clock that comes", input_mhz, _ICE40_INPUT)
    _check_range("the clock", wanted_mhz, _ICE40_OUTPUT)
    found = []
    for divr in range(16):
        compared = input_mhz / (divr + 1)
        if not _ICE40_COMPARED[0] <= compared <= _ICE40_COMPARED[1]:
            continue
        for divq in range(1, 7):
            exact = wanted_mhz * (1 << divq) / compared
            for multiple in (int(exact), int(exact) + 1):
                low, high = _ICE40_OSCILLATOR
                if 1 <= multiple <= 128 and low <= compared * multiple <= high:
                    found.append(
                        Ice40Pll(input_mhz=input_mhz, divr=divr, divf=multiple - 1, divq=divq)
                    )
    return _nearest(found, wanted_mhz, _ICE40_OUTPUT)


def _check_range(what, mhz, limits):
    low, high = limits
    if not low <= mhz <= high:
        raise ValueError(f"{what} must be {float(low):g} to {float(high):g} MHz, not {_said(mhz)}")


def _nearest(found, wanted, limits):
    low, high = limits
    allowed = [pll for pll in found if low <= pll.output_mhz <= high]
    best = min(
        allowed,
        key=lambda pll: (abs(pll.output_mhz - wanted), -pll.compared_mhz, -pll.oscillator_mhz),
        default=None,
    )
    if best is None:
        raise ValueError(f"no setting of the PLL gives {_said(wanted)} MHz")
    if abs(best.output_mhz / wanted - 1) > DEVIATION_MAX:
        raise ValueError(
            f"the PLL gives no clock within {float(DEVIATION_MAX):.0%} of {_said(wanted)} MHz: "
            f"{_said(best.output_mhz)} MHz is the nearest"
        )
    return best


def _said(mhz):
    return f"{float(mhz):g}"
