"""How a job looks in a terminal, and in a log."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["SECONDS_BETWEEN", "Terminal"]


SECONDS_BETWEEN = 20.0
"""Seconds between two lines on the progress of a stage, at least, where the output is a log."""


class Terminal:
    """Tells how a job goes on: bars in a terminal, some lines a stage where the output is a log.

    It is a context manager, and a :class:`flow.job.Listener`.

    Parameters
    ----------
    console : Console
        Where to write.
    quiet : bool
        Nothing is told, but for the stages that are left out since a person changed their output.
    clock : callable
        Seconds from some moment on.
    """

    def __init__(
        self,
        console: Console,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._told = 0.0
        self._stage = ""
        self._task: TaskID | None = None
        self._bars = Progress(
            TextColumn("{task.fields[stage]:<9}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )

    def __enter__(self) -> "Terminal":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def started(self, stage: str, reason: str) -> "Terminal":
        """A stage starts, for ``reason``."""
        self._stage = stage
        self._told = self._clock()
        if self._quiet:
            return self
        if self._console.is_terminal:
            self._task = self._bars.add_task(reason, total=None, stage=stage)
        else:
            self._line(stage, f"starts: {reason}")
        return self

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """``done`` of ``total`` steps of the stage are done."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, description=text)
            return
        now = self._clock()
        if not self._quiet and now - self._told >= SECONDS_BETWEEN:
            self._told = now
            self._line(self._stage, f"{done} of {total}{': ' if text else ''}{text}")

    def finished(self, stage: str, seconds: float) -> None:
        """The stage is done."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        self._stage = ""
        if not self._quiet:
            self._line(stage, f"done in {seconds:.1f} s")

    def skipped(self, stage: str) -> None:
        """A stage is up to date."""
        if not self._quiet:
            self._line(stage, "up to date")

    def kept(self, stage: str, path: Path) -> None:
        """A stage is left out because a person changed what it wrote."""
        self._line(stage, f"{path.name} was edited: kept as it is (--force {stage} writes it anew)")

    @property
    def stage(self) -> str:
        """The stage that is at work, or nothing."""
        return self._stage

    def _line(self, stage: str, text: str) -> None:
        self._console.print(f"{stage:<9} {escape(text)}", highlight=False, soft_wrap=True)
