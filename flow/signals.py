"""Signals that end a command as a wish, with everything cleared up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ended_by_signals"]


@contextmanager
def ended_by_signals(status: int | None = None) -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit.

    Parameters
    ----------
    status : int, optional
        The exit status; 128 and the number of the signal unless given, as in a shell.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number if status is None else status)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
