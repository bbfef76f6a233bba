"""The trace of a device: set up, started, stopped, and read."""

from dataclasses import dataclass

from arch.link_registers import TRACE_BASE
from arch.trace_event import EVENT_WORDS, SELECTABLE, EventKind, TraceEvent, read_events
from host.device import Device
from host.errors import DeviceError
from host.register_file import read_words

__all__ = ["Trace", "TraceSettings", "read_trace", "start_trace", "stop_trace"]

_EVENTS_MAX = 2048
_EVERY_STEP = 0xFFFF
_POLLS = 100


@dataclass(frozen=True, kw_only=True)
class TraceSettings:
    """What is recorded.

    Parameters
    ----------
    kinds : tuple of EventKind
        Of :data:`arch.trace_event.SELECTABLE`.
    first_step, last_step : int
        Steps whose begin, end, causes, OUs and results are recorded.
    passes : int
        Events that are passed over first.
    ring : bool
        Overwrite the oldest events when the memory is full; else stop.
    """

    kinds: tuple[EventKind, ...] = SELECTABLE
    first_step: int = 0
    last_step: int = _EVERY_STEP
    passes: int = 0
    ring: bool = False


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a trace holds.

    Parameters
    ----------
    events : tuple of TraceEvent
        The oldest first.
    lost : int
        Events that came too fast.
    full : bool
        The memory was written to its end: what came then is missing, or in a ring what came before.
    """

    events: tuple[TraceEvent, ...]
    lost: int
    full: bool


def start_trace(device: Device, settings: TraceSettings) -> None:
    """Forget all events, and record from now on; raises DeviceError if the device has no trace."""
    _events(device)
    registers = device.link_registers
    kinds = sum(1 << kind for kind in set(settings.kinds))
    registers.write("trace_steps", first=settings.first_step, last=settings.last_step)
    registers.write("trace_pass", events=settings.passes)
    registers.write("trace_control", start=1, ring=int(settings.ring), kinds=kinds)


def stop_trace(device: Device) -> None:
    """Record no more."""
    registers = device.link_registers
    kept = registers.fields("trace_control")
    registers.write("trace_control", stop=1, ring=kept["ring"], kinds=kept["kinds"])
    for _ in range(_POLLS):
        if not registers.fields("trace_status")["running"]:
            return
    raise DeviceError("the trace does not stop; configure the device anew")


def read_trace(device: Device) -> Trace:
    """What the trace holds; stop it first.

    Raises
    ------
    :exc:`host.errors.DeviceError`
        If the device has no trace, or what is read makes no sense.
    """
    size = _events(device)
    status = device.link_registers.fields("trace_status")
    at, full = status["next"], bool(status["wrapped"])
    if at >= size:
        raise DeviceError(f"the trace of {size} events says that the next is number {at}")
    words = read_words(device.link, TRACE_BASE, EVENT_WORDS * (size if full else at))
    try:
        events = read_events(words[EVENT_WORDS * at :] + words[: EVENT_WORDS * at])
    except ValueError as error:
        raise DeviceError(f"the memory of the trace is damaged: {error}") from error
    lost = device.link_registers.value("trace_lost")
    return Trace(events=tuple(events), lost=lost, full=full)


def _events(device: Device) -> int:
    """How many events the trace holds."""
    if not device.link_registers.fields("features")["trace"]:
        raise DeviceError(
            "the device has no trace: build it with one (ohmforge fpga --trace), or use "
            "ohmforge device"
        )
    shape = device.link_registers.fields("trace_shape")
    events, words = shape["events"], shape["words"]
    if not 2 <= events <= _EVENTS_MAX or events & (events - 1) or words != EVENT_WORDS:
        raise DeviceError(
            f"the device has a trace of {events} events of {words} words, which this driver does "
            "not know; use the driver that the bitstream was made with"
        )
    return events
