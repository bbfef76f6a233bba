"""Rungs that look into the engine with its probe: one OU, one layer."""

import zlib

import numpy as np

from arch.trace_registers import PROBE_VALUES
from host.device import Device
from host.errors import DeviceError
from host.inference import put_image
from host.ladder.rung import Bench, Failed, NotBuiltIn, Rung

__all__ = ["LAYER", "OU", "first_wrong_step", "has_probe"]

_SIGN = 1 << 31


def has_probe(device: Device) -> bool:
    """Whether the device has one."""
    return bool(device.link_registers.fields("features")["probe"])


def first_wrong_step(bench: Bench, image: np.ndarray) -> str:
    """The first step whose results are not those of the golden model, in words; or nothing."""
    if not has_probe(bench.device):
        return ""
    for number, step in enumerate(bench.target.program.steps):
        if _step_check(bench, image, number) != _expected_check(bench, image, number):
            return f"the results of step {number} ({step.name}) are the first wrong ones"
    return ""


def _ou(bench: Bench) -> list[str]:
    _need(bench)
    image = bench.images[0]
    number = _first_layer(bench)
    name = bench.target.program.steps[number].name
    tiles = bench.target.program.shape.engine.tiles
    looked = 0
    for tile in range(tiles):
        for ou in (0, 1, 7):
            expected = bench.reference.ou_result(image, number, tile, ou)
            if expected is None:
                continue
            seen = _ou_values(bench, image, number, tile, ou)[: len(expected)]
            wanted = expected[:PROBE_VALUES].tolist()
            if seen != wanted:
                raise Failed(
                    f"step {number} ({name}), tile {tile}, OU {ou} gave {seen}, the golden model "
                    f"says {wanted}",
                    means="cells or index of this OU are wrong, or the crossbar, its ADC or the "
                    "shift-and-add behind it",
                    look="the read-back of cells and index; with a macro, docs/crossbar-macro.md",
                )
            looked += 1
        bench.progress(tile + 1, tiles)
    return [f"{looked} OUs of {name} on {tiles} tile{'s' if tiles > 1 else ''} give what they must"]


def _layer(bench: Bench) -> list[str]:
    _need(bench)
    image, number = bench.images[0], _first_layer(bench)
    step = bench.target.program.steps[number]
    seen, expected = _step_check(bench, image, number), _expected_check(bench, image, number)
    if seen != expected:
        raise Failed(
            f"step {number} ({step.name}) gave {seen[0]} results with CRC {seen[1]:08x}, the "
            f"golden model has {expected[0]} with CRC {expected[1]:08x}",
            means="single OUs are right, so it is what adds them up: accumulators, requantisation, "
            "or the windows of other positions",
            look="the read-back of layer and channel; ohmforge host DIR trace",
        )
    return [f"{seen[0]} results of {step.name}, CRC {seen[1]:08x}, are those of the golden model"]


def _need(bench: Bench) -> None:
    if not has_probe(bench.device):
        raise NotBuiltIn("the device has no probe (it takes logic that small parts lack)")


def _first_layer(bench: Bench) -> int:
    steps = bench.target.program.steps
    return next(number for number, step in enumerate(steps) if step.kind == "layer")


def _expected_check(bench: Bench, image: np.ndarray, number: int) -> tuple[int, int]:
    values: np.ndarray = bench.reference.step_results(image, number)
    return len(values), zlib.crc32(values.astype("<i4").tobytes())


def _step_check(bench: Bench, image: np.ndarray, number: int) -> tuple[int, int]:
    """How many results a step gives of an image, and their CRC."""
    _look(bench, image, step=number, tile=0, ou=0, until="step")
    registers = bench.device.link_registers
    seen = registers.value("probe_results"), registers.value("probe_check")
    bench.device.recover()
    return seen


def _ou_values(bench: Bench, image: np.ndarray, step: int, tile: int, ou: int) -> list[int]:
    """The results of an OU, one a weight column."""
    _look(bench, image, step=step, tile=tile, ou=ou, until="ou")
    values = bench.device.link_registers.values("probe_value")
    bench.device.recover()
    return [(value ^ _SIGN) - _SIGN for value in values]


def _look(bench: Bench, image: np.ndarray, *, step: int, tile: int, ou: int, until: str) -> None:
    """Run an image with the probe armed, until it has what it looks for."""
    device = bench.device
    device.recover()
    device.link_registers.write("probe_select", step=step, tile=tile)
    device.link_registers.write("probe_ou", number=ou)
    device.link_registers.write("probe_control", arm=1)
    stream = put_image(device, bench.target, image, bench.seconds)
    clock = device.link.transport.seconds
    end = clock() + bench.seconds
    while not device.link_registers.fields("probe_status")[until]:
        if stream.waiting and stream.give():
            end = clock() + bench.seconds
        if clock() > end:
            error = device.error()
            raise DeviceError(
                f"the probe saw nothing of step {step} in {bench.seconds:g} s"
                + (f": {error}" if error else "")
            )


OU = Rung(
    name="ou",
    title="one OU with a known vector",
    climb=_ou,
    means="no plane is issued at all: the image does not reach the first layer",
    look="ohmforge host DIR status for the step; docs/network-engine.md, windows",
)
LAYER = Rung(
    name="layer",
    title="one layer",
    climb=_layer,
    means="the layer does not end: an accumulator bank is never drained",
    look="ohmforge host DIR counters: which idle counter grows",
)
