"""A progress bar for what a device does, where a person watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flow.console import err
from host.device import Progress as Told

__all__ = ["bar"]


@contextmanager
def bar(what: str, unit: str, *, quiet: bool) -> Iterator[Told]:
    """A bar on a terminal, nothing elsewhere; gone again at the end.

    Parameters
    ----------
    what, unit : str
        What is done, and what is counted.
    """
    console = err()
    bars = Progress(
        TextColumn(what, markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    with bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
