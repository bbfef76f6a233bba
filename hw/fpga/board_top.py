"""Board top: an engine with a host link on the pins of a board."""

from amaranth import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.build import Subsignal
from amaranth.hdl import Elaboratable
from amaranth.lib import io

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
        m.domains.sync = ClockDomain()
        m.submodules.clock = self._clock
        uart = ports(platform, "uart", 0)
        m.submodules.receive = receive = io.Buffer("i", uart.rx)
        m.submodules.transmit = transmit = io.Buffer("o", uart.tx)
        lights = {name: Signal(name=f"led_{name}") for name in _LIGHTS}
        m.submodules[DEVICE] = Instance(
            self._module,
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_uart_rx=receive.i,
            o_uart_tx=transmit.o,
            **{f"o_led_{name}": light for name, light in lights.items()},
        )
        for name, light in lights.items():
            led = getattr(self._board, name)
            found = ports(platform, led.name, led.number)
            port = getattr(found, led.part) if led.part else found
            m.submodules[f"light_{name}"] = pin = io.Buffer("o", port)
            m.d.comb += pin.o.eq(light)
        return m


def ports(platform, name, number):
    """The ports of a resource; where it has parts, each of them."""
    parts = [part for part in platform.lookup(name, number).ios if isinstance(part, Subsignal)]
    return platform.request(name, number, dir={part.name: "-" for part in parts} or "-")


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
