"""A simulated device behind a pseudo-terminal: a host cannot tell it from a board."""

import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from arch.errors import CheckFailed, OhmforgeError
from arch.link_frame import ANSWER, FrameReader, Kind
from arch.link_shape import LinkShape
from cosim.cosimulation import read_at_start
from cosim.device_case import DeviceCase
from cosim.device_server import COUNT, GAP, Message
from cosim.harness import Simulator
from cosim.pseudo_terminal import PseudoTerminal

__all__ = ["DeviceState", "serve_device"]

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_AHEAD_MAX = 1 << 15
"""Bytes of the host that may wait for the wire; more stay in the pseudo-terminal."""
_RESULT_LAST = 1 << 31


@dataclass(frozen=True, kw_only=True)
class DeviceState:
    """What a simulated device has done.

    Parameters
    ----------
    cycles : int
        Simulated since it was started.
    seconds : float
        Time that they took.
    images : int
        Images whose last result a host has taken.
    lights : tuple of str
        LEDs that are on.
    waiting : bool
        Whether there is nothing to do, and simulated time stands still.
    """

    cycles: int
    seconds: float
    images: int
    lights: tuple[str, ...]
    waiting: bool


Listener = Callable[[DeviceState], None]
"""Told what the device has done, about once a second while it does something."""


def serve_device(
    simulator: Simulator,
    verilog: Path,
    shape: LinkShape,
    terminal: PseudoTerminal,
    directory: Path,
    *,
    work_cycles: int,
    listener: Listener,
) -> None:
    """Be the device at the other end of a pseudo-terminal, until an exception ends it.

    Parameters
    ----------
    simulator : Simulator
        The engine with its link, and the bench ``device_bench``.
    verilog : Path
        Directory of the Verilog that it was built from.
    shape : LinkShape
        The link.
    terminal : PseudoTerminal
        Where hosts come and go.
    directory : Path
        Where the simulation runs; made anew.
    work_cycles : int
        Cycles that the engine may be busy when nothing more comes from the host.
    listener : callable
        Told of the work.

    Raises
    ------
    :exc:`arch.errors.CheckFailed`
        If the simulator ends by itself.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for file in read_at_start(verilog):
        shutil.copy(file, directory)
    with _simulation(simulator, shape, directory, work_cycles) as connection:
        _Server(terminal, connection, shape, listener).run()


@contextlib.contextmanager
def _simulation(
    simulator: Simulator, shape: LinkShape, directory: Path, work_cycles: int
) -> Iterator[Connection]:
    """A simulator that runs in a process of its own, for as long as the context does."""
    failure: list[BaseException] = []

    def simulate() -> None:
        try:
            failures = simulator.run("cosim.tb_device", directory, seed=1)
            if failures:
                raise CheckFailed(f"the simulated device has failed: {failures[0]}")
        except OhmforgeError as error:
            failure.append(error)

    # Sockets have short names, and this one lies where nobody else may look.
    with tempfile.TemporaryDirectory(prefix="ohmforge-") as place:
        path = str(Path(place) / "device")
        case = DeviceCase(
            socket=path,
            divisor=shape.divisor,
            baud=shape.baud,
            idle_bits=shape.idle_bits,
            work_cycles=work_cycles,
        )
        case.write(directory)
        thread = threading.Thread(target=simulate, name="simulator", daemon=True)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen(1)
            thread.start()
            connection = _accept(listening, thread)
        if connection is None:
            thread.join(_END_SECONDS)
            raise failure[0] if failure else CheckFailed("the simulator does not start")
        process = 0
        try:
            with connection:
                process = _process(connection)
                yield connection
        except (EOFError, ConnectionError) as error:
            thread.join(_END_SECONDS)
            if failure:
                raise failure[0] from error
            raise CheckFailed(
                f"the simulator has ended: see {directory / 'simulation.log'}"
            ) from error
        finally:
            thread.join(_END_SECONDS)
            if thread.is_alive() and process:
                os.kill(process, signal.SIGKILL)
                thread.join()


def _accept(listening: socket.socket, thread: threading.Thread) -> Connection | None:
    listening.settimeout(0.1)
    end = time.monotonic() + _START_SECONDS
    while thread.is_alive() and time.monotonic() < end:
        with contextlib.suppress(TimeoutError):
            accepted, _ = listening.accept()
            accepted.setblocking(True)
            return Connection(accepted.detach())
    return None


def _process(connection: Connection) -> int:
    """Number of the simulator's process, from the first message that it sends."""
    if not connection.poll(_START_SECONDS):
        raise CheckFailed("the simulator does not start")
    process: int = json.loads(connection.recv_bytes()[1:])["process"]
    return process


class _Server:
    """Between the pseudo-terminal and the simulator."""

    def __init__(
        self,
        terminal: PseudoTerminal,
        connection: Connection,
        shape: LinkShape,
        listener: Listener,
    ) -> None:
        self._terminal = terminal
        self._connection = connection
        self._listener = listener
        self._images = _ImageCount(shape)
        self._last = time.monotonic()
        self._sent = self._played = 0

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection.fileno(), selectors.EVENT_READ)
            open_to_host = False
            while True:
                room = self._sent - self._played < _AHEAD_MAX
                if room != open_to_host:
                    change = selector.register if room else selector.unregister
                    change(*((self._terminal, selectors.EVENT_READ) if room else (self._terminal,)))
                    open_to_host = room
                for key, _ in selector.select():
                    if key.fileobj is self._terminal:
                        self._from_host()
                    else:
                        self._from_device()

    def _from_host(self) -> None:
        data = self._terminal.read()
        if data:
            now = time.monotonic()
            self._connection.send_bytes(GAP.pack(now - self._last) + data)
            self._last = now
            self._sent += len(data)

    def _from_device(self) -> None:
        message = self._connection.recv_bytes()
        kind, data = Message(message[0]), message[1:]
        if kind == Message.ANSWER:
            self._terminal.write(data)
            self._images.see(data)
            self._last = time.monotonic()
        elif kind == Message.TAKEN:
            (self._played,) = COUNT.unpack(data)
        else:
            said = json.loads(data)
            state = DeviceState(
                cycles=said["cycles"],
                seconds=said["seconds"],
                images=self._images.count,
                lights=tuple(said["lights"]),
                waiting=said["waiting"],
            )
            self._listener(state)


class _ImageCount:
    """Images by the answers that go by: those of which the last result was taken."""

    def __init__(self, shape: LinkShape) -> None:
        self._reader = FrameReader(shape.payload_max)
        self._sequence = -1
        self.count = 0

    def see(self, answer: bytes) -> None:
        for frame in self._reader.feed(answer):
            if frame.kind == Kind.GET | ANSWER and frame.sequence != self._sequence:
                words = memoryview(frame.payload[1:])
                last = (words[at : at + 4] for at in range(0, len(words) - 3, 4))
                self.count += sum(int.from_bytes(word, "little") >= _RESULT_LAST for word in last)
            self._sequence = frame.sequence  # that of an answer which is sent once more is the same
        self._reader.silence()
