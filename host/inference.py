"""Images through a device, back to back; and one at a time with its counters."""

from dataclasses import dataclass

import numpy as np

from arch.registers import COUNTERS
from host.device import Counters, Device, Progress
from host.errors import DeviceError
from host.target import Target

__all__ = ["PROGRESS_SECONDS", "ImageStream", "Results", "infer", "measure", "put_image"]

PROGRESS_SECONDS = 10.0
"""Seconds in which a device must take a byte or give a result, beside those of an image."""
_LOOK_SECONDS = 0.5
"""Between two looks at whether the engine has refused a step."""
_LAST_BIT = 31
_INDEX_LOW, _INDEX_MASK = 16, 0x7FFF
_VALUE_BITS = 16


def _nothing(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """What a device made of images.

    Parameters
    ----------
    values : int64 array, shape (n, results)
        Results of each image, in the order channel, row, column; with argmax the largest.
    index : int64 array, shape (n,)
        Number of the largest result, the first of equals: the class.
    seconds : float
        From the first byte to the last result, by the clock of the line.
    """

    values: np.ndarray
    index: np.ndarray
    seconds: float


class ImageStream:
    """Bytes of images on their way in, words of results on their way out.

    Parameters
    ----------
    device, target, images, seconds
        As of :func:`infer`.
    """

    def __init__(self, device: Device, target: Target, images: np.ndarray, seconds: float) -> None:
        self._device = device
        self._target = target
        self._data = target.bytes_of(images)
        self._images = len(images)
        self._seconds = seconds
        self._given = 0
        self._room: int | None = None
        self.words: list[int] = []

    def give(self) -> bool:
        """Give what there is room for, at most one request; whether any was taken."""
        if self._room is None:
            self._room = self._device.link_registers.fields("status")["room"]
        size = min(self._room, self._device.link.payload_max)
        piece = self._data[self._given : self._given + size]
        if not piece:
            self._room = None  # asked again next time
            return False
        taken, self._room = self._device.put(piece)
        if taken:
            self._given += len(piece)
        return taken

    def take(self) -> bool:
        """Take results that are there; whether there were any."""
        words = self._device.get(self.missing + 1)  # one too many must show
        if len(words) > self.missing:
            raise DeviceError(
                f"the device gave more results than the {self._target.results * self._images} of "
                f"{self._images} images; it is reset"
            )
        self.words += words
        return bool(words)

    @property
    def missing(self) -> int:
        """Results that are still to come."""
        return self._target.results * self._images - len(self.words)

    @property
    def waiting(self) -> int:
        """Bytes that are still to be given."""
        return len(self._data) - self._given

    @property
    def ahead(self) -> bool:
        """Whether no image is given whose results have not come."""
        return self._given // self._target.image_bytes * self._target.results <= len(self.words)

    def until_complete(self, progress: Progress = _nothing) -> None:
        """Give and take until all results are there, as long as something moves."""
        clock = self._device.link.transport.seconds
        moved = looked = clock()
        while self.missing:
            gave = bool(self.waiting) and self.give()
            took = (not gave or not self.ahead) and self.take()
            if gave or took:
                moved = clock()
                progress(len(self.words) // self._target.results, self._images)
            elif clock() - moved > self._seconds:
                raise DeviceError(self._stalled())
            elif clock() - looked > _LOOK_SECONDS:
                looked = clock()
                if self._device.engine.fields("status")["refused"]:
                    raise DeviceError(self._stalled())

    def _stalled(self) -> str:
        done = len(self.words) // self._target.results
        device = self._device
        status = device.engine.fields("status")
        step = self._target.program.steps[status["step"] : status["step"] + 1]
        where = f"in step {step[0].name}" if step else "in no step that there is"
        error = device.error()
        reason = f": {error}" if error else " and says of no error"
        return (
            f"the device stands still after {done} of {self._images} images, {where}{reason}; "
            "ohmforge host selftest shows which part"
        )


def infer(
    device: Device,
    target: Target,
    images: np.ndarray,
    *,
    progress: Progress = _nothing,
    seconds: float = PROGRESS_SECONDS,
) -> Results:
    """Run images back to back; the next ones are given while one is computed.

    Parameters
    ----------
    device : Device
        Holds the tables of ``target``, see :meth:`host.device.Device.check`.
    target : Target
        The tables.
    images : int array, shape (n, C, H, W)
        Codes.
    progress : callable
        Told the images that are done.
    seconds : float
        Time in which something must move, beside that of an image.

    Raises
    ------
    :exc:`host.errors.DeviceError`
        If something is lost, doubled or stands still. The device can be used again.
    """
    _begin(device, target, images)
    stream = ImageStream(device, target, images, seconds)
    clock = device.link.transport.seconds
    began = clock()
    device.engine.write("control", enable=1, latch_images=1)
    stream.until_complete(progress)
    taken = clock() - began
    _end(device)
    return _results(target, stream.words, len(images), taken)


def measure(
    device: Device,
    target: Target,
    images: np.ndarray,
    *,
    progress: Progress = _nothing,
    seconds: float = PROGRESS_SECONDS,
) -> tuple[Results, list[Counters]]:
    """Run images one by one; what each counter grew by in each of them.

    An image begins when all its bytes, or as many as there is room for, wait in the link. If
    there is room for all of them the engine never waits for one, so that its cycles less
    ``idle_stopped`` by tiles are those of :mod:`arch.network_cycles`.

    Parameters
    ----------
    device, target, images, progress, seconds
        As for :func:`infer`, which says what is raised, too.
    """
    _begin(device, target, images)
    clock = device.link.transport.seconds
    began = clock()
    # The engine begins anew in the cycle in which the counters do.
    device.engine.write("control", reset=1, clear=1, latch_images=1)
    before = dict.fromkeys(COUNTERS, 0)
    wrap = 1 << target.program.shape.counter_bits
    words: list[int] = []
    grown = []
    for number in range(len(images)):
        stream = put_image(device, target, images[number], seconds)
        stream.until_complete()
        words += stream.words
        counters = _counters_of_image(device, (number + 1) % wrap, seconds)
        grown.append({name: (counters[name] - before[name]) % wrap for name in COUNTERS})
        before = counters
        progress(number + 1, len(images))
    taken = clock() - began
    _end(device)
    return _results(target, words, len(images), taken), grown


def put_image(
    device: Device, target: Target, image: np.ndarray, seconds: float = PROGRESS_SECONDS
) -> ImageStream:
    """Give an image, an int array of shape (C, H, W), and let it begin.

    It begins when all its bytes, or as many as there is room for, wait in the link.
    """
    stream = ImageStream(device, target, image[None], seconds)
    while stream.waiting and stream.give():
        pass
    device.engine.write("control", start=1, latch_images=1)
    return stream


def _begin(device: Device, target: Target, images: np.ndarray) -> None:
    """Bring the device into a state in which nothing of earlier images is left."""
    target.bytes_of(images)  # what is wrong with them is said before anything is done
    device.recover()


def _end(device: Device) -> None:
    """Stop the engine, which waits for another image; nothing may be left."""
    device.engine.write("control", reset=1)
    waits = device.link_registers.fields("status")
    if waits["results"]:
        raise DeviceError(
            f"the device gave all results of the images and has {waits['results']} more"
        )


def _counters_of_image(device: Device, ended: int, seconds: float) -> Counters:
    """Counters when so many images, modulo their width, had ended; the last result comes before."""
    clock = device.link.transport.seconds
    end = clock() + seconds
    while device.counters(latch=False)["images"] != ended:
        if clock() > end:
            raise DeviceError(f"image {ended} gave its results but never ended")
    # Read again: the first reading may have begun before the end.
    return device.counters(latch=False)


def _results(target: Target, words: list[int], images: int, seconds: float) -> Results:
    """The results of so many images, if all are there and each image ends where it should."""
    raw = np.array(words, dtype=np.int64).reshape(images, target.results)
    last = raw >> _LAST_BIT & 1
    expected = np.zeros_like(last)
    expected[:, -1:] = 1
    number = raw >> _INDEX_LOW & _INDEX_MASK
    argmax = target.program.shape.argmax
    size = target.last.result.size if argmax else 1
    if (last != expected).any() or (number >= size).any():
        wrong = int(((last != expected) | (number >= size)).any(axis=1).argmax())
        raise DeviceError(
            f"the results of image {wrong} do not end where they should: one was lost or doubled; "
            "ohmforge host selftest shows where"
        )
    value = raw & (1 << _VALUE_BITS) - 1
    values = value - (value >> _VALUE_BITS - 1 << _VALUE_BITS)
    if argmax:
        return Results(values=values, index=number[:, 0], seconds=seconds)
    if target.last.channels_inner:  # position by position, all channels of each
        channels, height, width = target.last.result.shape
        values = values.reshape(images, height * width, channels).transpose(0, 2, 1)
        values = values.reshape(images, target.results)
    return Results(values=values, index=values.argmax(axis=1), seconds=seconds)
