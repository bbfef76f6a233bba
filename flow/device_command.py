"""The command ``ohmforge device``."""

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flow.console import say, tell
from flow.options import Quiet, TablesPath
from flow.signals import ended_by_signals

if TYPE_CHECKING:
    from cosim.device import DeviceState

__all__ = ["EXAMPLES", "device"]

EXAMPLES = """\
Examples:

\b
ohmforge device runs/digits
ohmforge device runs/digits --link board0
ohmforge device runs/digits --clock 50 --baud 5000000
"""
"""What ``--help`` closes with."""
_TOLD_SECONDS = 5.0
"""Between two lines on what the device does, unless it has come to rest."""


def device(
    directory: TablesPath,
    link: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Make a symbolic link there to the pseudo-terminal."),
    ] = None,
    clock: Annotated[
        float, typer.Option(metavar="MHZ", help="The clock that the device states.")
    ] = 1.0,
    baud: Annotated[
        int | None,
        typer.Option(metavar="BITS", help="Bits a second; a quarter of the clock unless given."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Be the board: simulate the engine of DIR with its host link, behind a pseudo-terminal.

    Prints the path of the pseudo-terminal, and serves hosts that come and go until Ctrl-C or
    SIGTERM. Simulated time passes only while there is something to do.
    """
    from arch.errors import InputError
    from cosim.device import serve_device
    from cosim.pseudo_terminal import PseudoTerminal, check_link
    from flow.device_build import build_device, device_directory

    if not 0 < clock < float("inf"):
        raise InputError(f"--clock must be more than 0 MHz, not {clock}")
    with ended_by_signals(0), device_directory(directory) as place:
        if link is not None:
            check_link(link)  # before the work
        if not quiet:
            tell(f"building the device in {place}")
        built = build_device(directory, place, clock_hz=round(clock * 1e6), baud=baud)
        with contextlib.closing(PseudoTerminal(link)) as terminal:
            say(terminal.path)
            if not quiet:
                port = terminal.path if link is None else link
                tell(f"ohmforge host {directory} --port {port} selftest; Ctrl-C here ends it")
            serve_device(
                built.simulator,
                place,
                built.shape,
                terminal,
                place / "simulation",
                work_cycles=built.work_cycles,
                listener=_ignore if quiet else _Log(),
            )


def _ignore(state: "DeviceState") -> None:
    """Tell nothing."""


class _Log:
    """Lines on what the device does: now and then, and when it comes to rest."""

    def __init__(self) -> None:
        self._told = time.monotonic()
        self._cycles = 0
        self._seconds = 0.0

    def __call__(self, state: "DeviceState") -> None:
        now = time.monotonic()
        if now - self._told < _TOLD_SECONDS or state.cycles == self._cycles:
            return
        cycles, seconds = state.cycles - self._cycles, max(state.seconds - self._seconds, 1e-9)
        self._told, self._cycles, self._seconds = now, state.cycles, state.seconds
        tell(
            f"{state.cycles:,} cycles, {cycles / seconds / 1e6:.2f} million a second; "
            f"{state.images} images; lights: {', '.join(state.lights)}"
            + ("; nothing to do" if state.waiting else "")
        )
