"""What ``ohmforge host DIR trace`` does and says."""

import contextlib
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.trace_event import SELECTABLE, EventKind
from flow.host_session import Session
from host.errors import DeviceError
from host.inference import put_image
from host.target import Target
from host.trace import Trace, TraceSettings, read_trace, start_trace, stop_trace
from host.trace_changes import trace_changes
from host.trace_names import TraceNames
from host.waveform import write_save_file, write_vcd

__all__ = ["kinds_of", "save_path", "steps_of", "trace_image", "trace_lines"]

_LEFT_OUT = (EventKind.RESULT,)
"""Kinds that are not recorded unless asked for: they double the events of OUs."""


def kinds_of(text: str | None) -> tuple[EventKind, ...]:
    """Kinds of events by their names, with commas between; all but a few without."""
    if text is None:
        return tuple(kind for kind in SELECTABLE if kind not in _LEFT_OUT)
    known = {kind.name.lower(): kind for kind in SELECTABLE}
    words = [word.strip() for word in text.split(",")]
    wrong = [word for word in words if word not in known]
    if wrong:
        raise InputError(f"--kinds: no kind {wrong[0]!r}; choose of {','.join(known)}")
    return tuple(known[word] for word in words)


def steps_of(target: Target, step: str | None) -> tuple[int, int]:
    """Number of the first and the last step to record: one of that name, or all."""
    steps = target.program.steps
    if step is None:
        return 0, len(steps) - 1
    for number, each in enumerate(steps):
        if step in (each.name, str(number)):
            return number, number
    names = ", ".join(each.name for each in steps)
    raise InputError(f"--step: the network has no step {step!r}; choose of {names}")


def save_path(output: Path) -> Path:
    """The save file beside a VCD file; raises InputError if it would be the same."""
    path = output.with_suffix(".gtkw")
    if path == output:
        raise InputError(f"--output: {output} is what the save file is called; name it .vcd")
    return path


def trace_image(
    there: Session, image: int, settings: Callable[[Target], TraceSettings], output: Path
) -> dict[str, Any]:
    """Run an image, record it, and write it as a waveform, also if the device stands still.

    Parameters
    ----------
    image : int
        Number of the image among those of the run directory.
    settings : callable
        Gives what is recorded, from the target.
    output : Path
        The VCD file; :func:`save_path` has the other.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If there is no such image, the device has no trace or is not one for the run, or a file
        cannot be written.
    """
    device, target = there.device, there.target
    known = there.run.images(target)
    if image >= len(known.codes):
        raise InputError(f"--image must be below {len(known.codes)}, those of {known.origin}")
    chosen = settings(target)
    if target.loadable and not device.engine.fields("status")["loaded"]:
        device.check(target, tables=False)
        device.load(target)
    device.check(target)
    device.recover()
    start_trace(device, chosen)
    problem = ""
    try:
        put_image(device, target, known.codes[image], there.seconds).until_complete()
    except DeviceError as error:
        problem = str(error)
    stop_trace(device)
    trace = read_trace(device)
    with contextlib.suppress(DeviceError):
        device.recover()
    _write(output, trace, target, device.link_registers.value("clock"))
    last = trace.events[-1].cycle if trace.events else 0
    names = TraceNames.of(target)
    steps = [names.step(e.data & 0xFFFF) for e in trace.events if e.kind == EventKind.STEP]
    return {
        "image": image,
        "from": known.origin,
        "events": len(trace.events),
        "cycles": last,
        "lost": trace.lost,
        "full": trace.full,
        "last_step": steps[-1] if steps else "",
        "files": [str(output), str(save_path(output))],
        "problem": problem,
    }


def trace_lines(found: dict[str, Any]) -> list[str]:
    """The same as lines."""
    waveform, save = found["files"]
    lines = [
        (
            f"{found['events']} events in {found['cycles']} cycles, image {found['image']} of "
            f"{found['from']}"
        )
    ]
    if found["full"]:
        lines.append(
            f"the trace is full, in step {found['last_step'] or '(none)'}: choose what is recorded "
            "with --step, --kinds and --pass"
        )
    if found["lost"]:
        lines.append(
            f"{found['lost']} events came too fast and are missing: leave out some --kinds"
        )
    lines.append(f"wrote {waveform} and {save} (gtkwave {save})")
    return lines


def _write(output: Path, trace: Trace, target: Target, clock_hz: int) -> None:
    changes = trace_changes(trace.events, TraceNames.of(target))
    sizes = {"tiles": target.program.shape.engine.tiles, "clock_hz": max(1, clock_hz)}
    waveform, save = StringIO(), StringIO()
    write_vcd(waveform, changes, **sizes)
    write_save_file(save, output, changes, **sizes)
    for path, text in ((output, waveform), (save_path(output), save)):
        try:
            path.write_text(text.getvalue())
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error
