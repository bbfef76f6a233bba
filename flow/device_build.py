"""The device that ``ohmforge device`` simulates: the engine of a run with its host link."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from arch.errors import InputError
from arch.link_shape import LinkShape
from arch.network_cycles import network_cycles
from arch.network_program import NetworkProgram, build_network_program
from arch.table_files import load, read_manifest
from arch.validate import validate
from cosim.bench import DEVICE_BENCH
from cosim.harness import Simulator, build_simulator
from flow.run_hardware import run_hardware
from flow.simulated_port import SIMULATION
from flow.tables_path import tables_of
from hw.link.emit_link import write_link

__all__ = ["CLOCK_HZ", "SimulatedDevice", "build_device", "device_directory", "device_link"]

CLOCK_HZ = 1_000_000
"""Clock unless another is given: about what Verilator does, so that simulated time passes as fast
as that of the host."""
_DIVISOR = 4
"""Cycles of a bit unless a baud rate is given: the fewest that a link can have."""
_IDLE_SECONDS = 0.02
_IMAGE_BYTES = (4096, 32768)
_RESULTS = (512, 32768)
_IDLE_BITS = (16, (1 << 16) - 1)
_TRACE_EVENTS = 512
_IMAGES_WAITING = 4
"""So many times as long as the images that can wait take, an engine may work on its own: other
tables than those of the run can take longer."""


@dataclass(frozen=True, kw_only=True)
class SimulatedDevice:
    """A simulator, ready to be a device.

    Parameters
    ----------
    simulator : Simulator
        Engine, link and bench.
    shape : LinkShape
        The link.
    work_cycles : int
        Cycles that the engine may be busy when nothing more comes from the host.
    """

    simulator: Simulator
    shape: LinkShape
    work_cycles: int


@contextlib.contextmanager
def device_directory(run: Path) -> Iterator[Path]:
    """The directory of the device in that of a run, held as long as the context.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are no mapping tables, another process has it, or it cannot be made.
    """
    if not run.is_dir():
        raise InputError(f"{run}: no such directory")
    read_manifest(tables_of(run))  # nothing is made in a directory of something else
    path = run / "device"
    try:
        path.mkdir(exist_ok=True)
        descriptor = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"{path}: cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{path}: another ohmforge device is at work in it") from error
        yield path
    finally:
        os.close(descriptor)


def build_device(run: Path, directory: Path, *, clock_hz: int, baud: int | None) -> SimulatedDevice:
    """Write the Verilog of engine and link, and compile it with its bench.

    Parameters
    ----------
    run : Path
        A run directory, or one of mapping tables.
    directory : Path
        Where the Verilog, ``names.json`` and ``link.json`` are written, and the simulator.
    clock_hz : int
        The clock that the device states.
    baud : int or None
        Bits a second on the wire; a quarter of the clock without.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there are no tables, no engine can be made of them, or the link cannot be so fast.
    :exc:`arch.errors.ToolError`
        If a tool is missing, or fails.
    """
    path = tables_of(run)
    validate(path)  # a value that fits no field is found here, with layer and OU
    tables = load(path)
    try:
        program = build_network_program(tables, **run_hardware(run).network_built_as)
    except ValueError as error:
        raise InputError(f"{run}: no engine can be made of the tables: {error}") from error
    shape = device_link(program, clock_hz=clock_hz, baud=baud)
    for file in directory.iterdir():
        if file.is_file() and file.name != ".lock":
            file.unlink()
    try:
        write_link(program, shape, directory, board=SIMULATION)
    except ValueError as error:
        raise InputError(f"{run}: no engine with a link can be made: {error}") from error
    simulator = build_simulator(directory, directory / "build", bench=DEVICE_BENCH)
    waiting = shape.image_bytes // _image_bytes(program) + 2
    cycles = network_cycles(tables, program).total
    return SimulatedDevice(
        simulator=simulator, shape=shape, work_cycles=_IMAGES_WAITING * waiting * cycles
    )


def _image_bytes(program: NetworkProgram) -> int:
    return prod(program.steps[0].result.shape)


def device_link(program: NetworkProgram, *, clock_hz: int, baud: int | None) -> LinkShape:
    """The link of a simulated device; raises InputError if it cannot be so fast."""
    wanted = clock_hz // _DIVISOR if baud is None else baud
    last = program.steps[-1].result.size
    try:
        return LinkShape(
            clock_hz=clock_hz,
            baud=wanted,
            image_bytes=_power_of_two(_image_bytes(program), *_IMAGE_BYTES),
            results=_power_of_two(last, *_RESULTS),
            idle_bits=min(max(round(wanted * _IDLE_SECONDS), _IDLE_BITS[0]), _IDLE_BITS[1]),
            trace_events=_TRACE_EVENTS,
            probe=True,
        )
    except ValueError as error:
        raise InputError(f"--clock and --baud do not go together: {error}") from error


def _power_of_two(size: int, least: int, most: int) -> int:
    """The smallest that holds so many, between two others."""
    return min(max(1 << (size - 1).bit_length(), least), most)
