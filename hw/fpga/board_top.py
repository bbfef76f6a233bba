"""Board top: an engine with a host link on the pins of a board."""

from amaranth import ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.hdl import Elaboratable

from arch.environment import BUILTIN_YOSYS, environment

__all__ = ["DEVICE", "TOP", "BoardTop", "board_files"]

TOP = "top"
"""Name of the top module of a board, and of its files."""
DEVICE = "device"
"""Name of the engine in it."""
_LIGHTS = ("idle", "busy", "error")


class BoardTop(Elaboratable):
    """Clock, reset, serial line and lights of a board around the Verilog of an engine.

    Latency, throughput and stalls are those of the engine; see
    :class:`hw.fpga.board_clock.BoardClock` for the reset.

    Parameters
    ----------
    board : hw.fpga.boards.Board
        The board.
    clock : hw.fpga.board_clock.BoardClock
        Its clock.
    module : str
        Module of the engine, which has the ports ``clk``, ``rst``, ``uart_rx``, ``uart_tx``,
        ``led_idle``, ``led_busy`` and ``led_error``.
    """

    def __init__(self, board, clock, *, module):
        self._board = board
        self._clock = clock
        self._module = module

    def elaborate(self, platform):
        m = Module()
        m.submodules.clock = self._clock
        uart = platform.request("uart", 0)
        sent = Signal(init=1)
        lights = {name: Signal(name=f"led_{name}") for name in _LIGHTS}
        m.submodules[DEVICE] = Instance(
            self._module,
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_uart_rx=uart.rx.i,
            o_uart_tx=sent,
            **{f"o_led_{name}": light for name, light in lights.items()},
        )
        m.d.comb += uart.tx.o.eq(sent)
        for name, light in lights.items():
            led = getattr(self._board, name)
            pin = platform.request(led.name, led.number)
            m.d.comb += (getattr(pin, led.part) if led.part else pin).o.eq(light)
        return m


def board_files(board, clock, *, module):
    """The top of a board, and its constraints.

    Returns
    -------
    dict of str to str
        ``top.il``, which Yosys reads; ``top.v``, the same for people; ``top.lpf`` or ``top.pcf``.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If amaranth-boards is missing.
    """
    platform = board.make_platform()
    with environment(BUILTIN_YOSYS):
        plan = platform.prepare(
            BoardTop(board, clock, module=module), TOP, emit_src=False, debug_verilog=True
        )
    return {
        f"{TOP}.il": plan.files[f"{TOP}.il"],
        f"{TOP}.v": plan.files[f"{TOP}.debug.v"],
        f"{TOP}.{board.pins}": plan.files[f"{TOP}.{board.pins}"],
    }
