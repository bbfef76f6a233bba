"""Board clock: the clock of an engine, by a PLL if the board has another one."""

from amaranth import ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.hdl import DomainRenamer, Elaboratable
from amaranth.lib import io

from hw.fpga.family import ECP5
from hw.fpga.pll import ecp5_pll, ice40_pll
from hw.fpga.power_on_reset import PowerOnReset, reset_cycles

__all__ = ["BoardClock"]


class BoardClock(Elaboratable):
    """Drive the domain ``sync`` of a board, which the top has: clock and reset.

    Reset is active from configuration on until :class:`hw.fpga.power_on_reset.PowerOnReset`, which
    runs on the same clock, says that the design may run.

    Latency is that of :class:`hw.fpga.power_on_reset.PowerOnReset`, for the reset; throughput does
    not apply; never stalls.

    Parameters
    ----------
    board : hw.fpga.boards.Board
        The board.
    wanted_mhz : Fraction
        The clock that is asked for.

    Attributes
    ----------
    clock_mhz : Fraction
        The clock that the engine gets.
    pll : hw.fpga.pll.Ecp5Pll, hw.fpga.pll.Ice40Pll or None
        Settings of the PLL, if there is one.

    Raises
    ------
    :exc:`ValueError`
        If the PLL has no setting for that clock.
    """

    def __init__(self, board, wanted_mhz):
        self._board = board
        settings = ecp5_pll if board.family is ECP5 else ice40_pll
        same = wanted_mhz == board.input_mhz
        self.pll = None if same else settings(board.input_mhz, wanted_mhz)
        self.clock_mhz = wanted_mhz if same else self.pll.output_mhz

    def elaborate(self, platform):
        m = Module()
        m.domains.boot = ClockDomain(reset_less=True)
        clock, locked = Signal(), Signal()
        port = platform.request(self._board.clock, dir="-")
        if self.pll is None:
            m.submodules.input = buffer = io.Buffer("i", port)
            m.d.comb += [clock.eq(buffer.i), locked.eq(1)]
        elif self._board.family is ECP5:
            m.submodules.input = buffer = io.Buffer("i", port)
            m.submodules.pll = _ecp5_instance(self.pll, buffer.i, clock, locked)
        else:
            m.submodules.pll = _ice40_instance(self.pll, port.io, clock, locked)
        button = io.Buffer("i", platform.request(*self._board.button, dir="-"))
        m.submodules.button = button
        ready = PowerOnReset(cycles=reset_cycles(self.clock_mhz))
        m.submodules.power_on_reset = DomainRenamer("boot")(ready)
        m.d.comb += [
            ClockSignal("sync").eq(clock),
            ClockSignal("boot").eq(clock),
            ready.locked.eq(locked),
            ready.button.eq(button.i),
            ResetSignal("sync").eq(~ready.ready),
        ]
        return m


def _ecp5_instance(pll, source, clock, locked):
    feedback = Signal()
    phases = ("PHASESEL0", "PHASESEL1", "PHASEDIR", "PHASESTEP", "PHASELOADREG")
    low = {f"i_{name}": Const(0) for name in ("RST", "STDBY", "PLLWAKESYNC", *phases)}
    enables = {f"i_ENCLK{name}": Const(0) for name in ("OP", "OS", "OS2", "OS3")}
    return Instance(
        "EHXPLLL",
        p_PLLRST_ENA="DISABLED",
        p_INTFB_WAKE="DISABLED",
        p_STDBY_ENABLE="DISABLED",
        p_DPHASE_SOURCE="DISABLED",
        p_OUTDIVIDER_MUXA="DIVA",
        p_OUTDIVIDER_MUXB="DIVB",
        p_OUTDIVIDER_MUXC="DIVC",
        p_OUTDIVIDER_MUXD="DIVD",
        p_FEEDBK_PATH="CLKOP",
        p_CLKI_DIV=pll.input_divisor,
        p_CLKFB_DIV=pll.feedback_divisor,
        p_CLKOP_ENABLE="ENABLED",
        p_CLKOP_DIV=pll.loop_divisor,
        p_CLKOP_CPHASE=pll.loop_divisor - 1,
        p_CLKOP_FPHASE=0,
        p_CLKOS_ENABLE="ENABLED",
        p_CLKOS_DIV=pll.output_divisor,
        p_CLKOS_CPHASE=pll.output_divisor - 1,
        p_CLKOS_FPHASE=0,
        # Analog settings, as ecppll of the project Trellis gives them to every PLL.
        a_ICP_CURRENT="12",
        a_LPF_RESISTOR="8",
        a_MFG_ENABLE_FILTEROPAMP="1",
        a_MFG_GMCREF_SEL="2",
        i_CLKI=source,
        i_CLKFB=feedback,
        o_CLKOP=feedback,
        o_CLKOS=clock,
        o_LOCK=locked,
        **low,
        **enables,
    )


def _ice40_instance(pll, pad, clock, locked):
    return Instance(
        "SB_PLL40_PAD",
        p_FEEDBACK_PATH="SIMPLE",
        p_DIVR=Const(pll.divr, 4),
        p_DIVF=Const(pll.divf, 7),
        p_DIVQ=Const(pll.divq, 3),
        p_FILTER_RANGE=Const(pll.filter_range, 3),
        io_PACKAGEPIN=pad,
        i_RESETB=Const(1),
        i_BYPASS=Const(0),
        o_PLLOUTGLOBAL=clock,
        o_LOCK=locked,
    )
