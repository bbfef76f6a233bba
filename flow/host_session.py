"""A device that a command speaks to: the port is opened, and given back at the end."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from arch.errors import InputError
from arch.link_shape import LinkShape
from flow.host_run import GOLDEN, HostRun
from flow.simulated_port import SIMULATION, simulated_port
from host.device import Device, Identity
from host.inference import PROGRESS_SECONDS
from host.link import REPEATS, TIMEOUT, Link
from host.target import Target
from host.transport import Transport

__all__ = ["Connection", "Session", "session"]

_PSEUDO = re.compile(r"/dev/(pts/|ttys)\d+")
"""Pseudo-terminals, behind which devices are simulated: they take their time."""
_SLOW_TIMEOUT, _SLOW_REPEATS, _SLOW_SECONDS = 20.0, 2, 600.0
_CLOCK_HZ = 50_000_000
"""Clock of the device in Python, and of one whose link.json is missing."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a device is reached.

    Parameters
    ----------
    directory : Path
        A run directory, or one of mapping tables.
    port : str or None
        A serial port, :data:`flow.simulated_port.SIMULATION` or :data:`flow.host_run.GOLDEN`.
    baud : int or None
        Bits a second; that of ``link.json`` without.
    names : Path or None
        ``names.json`` of the engine in the device.
    timeout : float or None
        Seconds in which a device must do something.
    quiet : bool
        Nothing is told of the work that goes on.
    """

    directory: Path
    port: str | None = None
    baud: int | None = None
    names: Path | None = None
    timeout: float | None = None
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Session:
    """A device, and the run directory that it is compared with."""

    run: HostRun
    device: Device
    identity: Identity
    seconds: float

    @property
    def target(self) -> Target:
        """What the device should run; raises InputError if the tables do not fit it."""
        return self.run.target(self.identity)


@contextmanager
def session(connection: Connection) -> Iterator[Session]:
    """Open the port, begin a conversation, read who is there.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If no port was named, the run cannot be read, or the device does not answer as it should.
    """
    port = connection.port
    if port is None:
        raise InputError(
            f"name the port of the device: --port PATH, or --port {SIMULATION} or {GOLDEN} "
            "without one"
        )
    if port == SIMULATION:
        with (
            simulated_port(connection.directory, quiet=connection.quiet) as path,
            session(replace(connection, port=path)) as there,
        ):
            yield there
        return
    run = HostRun.open(connection.directory, connection.names)
    simulated = _PSEUDO.fullmatch(os.path.realpath(port)) is not None
    shape = _link_shape(connection, run, simulated=simulated)
    timeout, repeats, seconds = TIMEOUT, REPEATS, PROGRESS_SECONDS
    if simulated:
        timeout, repeats, seconds = _SLOW_TIMEOUT, _SLOW_REPEATS, _SLOW_SECONDS
    line = _line(port, run, shape)
    try:
        timeout = connection.timeout or timeout
        device = Device(Link(line, shape, timeout=timeout, repeats=repeats))
        yield Session(
            run=run,
            device=device,
            identity=device.identify(),
            seconds=connection.timeout or seconds,
        )
    finally:
        line.close()


def _link_shape(connection: Connection, run: HostRun, *, simulated: bool) -> LinkShape:
    """The link of the engines of the run; that of any device if it has none, or is in Python."""
    if connection.baud is not None:
        try:
            return LinkShape(clock_hz=_CLOCK_HZ, baud=connection.baud)
        except ValueError as error:
            raise InputError(f"--baud: {error}") from error
    links = [] if connection.port == GOLDEN else run.links(simulated=simulated)
    links = links or [LinkShape(clock_hz=_CLOCK_HZ)]
    bauds = sorted({link.baud for link in links})
    if len(bauds) > 1:
        raise InputError(
            f"{run.path}: its engines have links of {' and '.join(map(str, bauds))} bits a second; "
            "say which with --names or --baud"
        )
    return max(links, key=lambda link: link.idle_bits)  # silent for long enough for any of them


def _line(port: str, run: HostRun, shape: LinkShape) -> Transport:
    if port == GOLDEN:
        from cosim.virtual.device import VirtualDevice
        from cosim.virtual.line import VirtualLine

        model = run.model
        shape = replace(shape, probe=True)
        return VirtualLine(VirtualDevice(model.tables, model.program, shape))
    from host.serial_port import SerialPort

    return SerialPort(port, shape.baud)
