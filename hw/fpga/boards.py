"""Boards that an engine with a host link can be put on.

Pins come from amaranth-boards; here is which of them are used, and what the tools need to know of
the part.
"""

import importlib
from dataclasses import dataclass
from fractions import Fraction

from arch.errors import ToolError
from hw.fpga.family import ECP5, ICE40, Family
from hw.fpga.placement import PARTS, Part

__all__ = ["BOARDS", "Board", "Led"]


@dataclass(frozen=True, kw_only=True)
class Led:
    """A light: a resource of the platform, its number, and the part of it if it has several."""

    name: str
    number: int = 0
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board.

    Parameters
    ----------
    title : str
        What it is called.
    platform : str
        Module and class in amaranth-boards.
    extensions : str
        Attribute of the platform with resources that are not there by themselves; may be empty.
    family : hw.fpga.family.Family
        Of its FPGA.
    part : str
        A key of :data:`arch.fpga_parts.FPGA_PARTS`.
    device : hw.fpga.placement.Part
        The part as nextpnr has it.
    input_mhz : Fraction
        The clock on the board.
    clock_mhz : Fraction
        The clock of the engine unless another is asked for.
    clock : str
        Resource of the clock.
    button : tuple of (str, int)
        Resource of the button that resets.
    idle, busy, error : Led
        Lights.
    loader : str
        What openFPGALoader calls the board.
    small : bool
        Every look-up table counts: the link is as small as it can be.
    """

    title: str
    platform: str
    extensions: str = ""
    family: Family
    part: str
    device: Part
    input_mhz: Fraction
    clock_mhz: Fraction
    clock: str
    button: tuple[str, int]
    idle: Led
    busy: Led
    error: Led
    loader: str
    small: bool = False

    def make_platform(self):
        """The platform with all pins; raises ToolError if amaranth-boards is missing."""
        module, _, name = self.platform.partition(":")
        try:
            found = importlib.import_module(f"amaranth_boards.{module}")
        except ModuleNotFoundError as error:
            raise ToolError("amaranth-boards is missing: pip install 'ohmforge[fpga]'") from error
        platform = getattr(found, name)()
        if self.extensions:
            platform.add_resources(getattr(platform, self.extensions))
        return platform

    @property
    def pins(self) -> str:
        """Suffix of the file of constraints."""
        return self.family.pin_option.removeprefix("--")


BOARDS = {
    "ulx3s-85f": Board(
        title="ULX3S with LFE5U-85F",
        platform="ulx3s:ULX3S_85F_Platform",
        family=ECP5,
        part="ecp5-85f",
        device=PARTS["85k"],
        input_mhz=Fraction(25),
        clock_mhz=Fraction(50),
        clock="clk25",
        button=("button_fire", 0),
        idle=Led(name="led", number=0),
        busy=Led(name="led", number=1),
        error=Led(name="led", number=2),
        loader="ulx3s",
    ),
    "ecpix5-85f": Board(
        title="ECPIX-5 with LFE5UM5G-85F",
        platform="ecpix5:ECPIX585Platform",
        family=ECP5,
        part="ecp5-85f",
        device=Part(
            title="LFE5UM5G-85F-8CABGA554",
            family=ECP5,
            options=("--um5g-85k", "--speed", "8", "--package", "CABGA554"),
        ),
        input_mhz=Fraction(100),
        clock_mhz=Fraction(50),
        clock="clk100",
        button=("rst", 0),
        idle=Led(name="rgb_led", number=0, part="g"),
        busy=Led(name="rgb_led", number=1, part="b"),
        error=Led(name="rgb_led", number=2, part="r"),
        loader="ecpix5",
    ),
    "icebreaker": Board(
        title="iCEBreaker with iCE40UP5K",
        platform="icebreaker:ICEBreakerPlatform",
        extensions="break_off_pmod",
        family=ICE40,
        part="ice40-up5k",
        device=PARTS["up5k"],
        input_mhz=Fraction(12),
        clock_mhz=Fraction(12),
        clock="clk12",
        button=("button", 0),
        idle=Led(name="led_g", number=0),
        busy=Led(name="led_g", number=1),
        error=Led(name="led_r", number=0),
        loader="ice40_generic",
        small=True,
    ),
}
"""Boards by the name that a user gives."""
