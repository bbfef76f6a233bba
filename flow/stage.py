"""What a stage is, and what it is given when it runs."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

from flow.configuration import Configuration

__all__ = ["Context", "Progress", "Stage"]


class Progress(Protocol):
    """Where a stage tells how far it is."""

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """``done`` of ``total`` steps are done; ``text`` says what was reached."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything that a stage may use.

    Parameters
    ----------
    configuration : Configuration
        The whole configuration; a stage reads only the sections that it declares.
    inputs : mapping of str to Path
        Output of each stage that it needs, by the name of that stage; ``NAME.details`` for the
        details of one.
    output : Path
        Where to write: a file, or a directory that the stage makes. Nothing is there yet.
    details : Path
        Where a stage that has details writes them, likewise.
    scratch : Path
        A directory that is kept between runs, for what can be made again, such as builds.
    progress : Progress
        To be called now and then.
    fingerprint : str
        Hash of all that decides the output: configuration, outputs of other stages, code. What is
        kept in ``scratch`` under another fingerprint is of no use.
    edited : frozenset of str
        Stages whose output a person has changed.
    """

    configuration: Configuration
    inputs: Mapping[str, Path]
    output: Path
    details: Path
    scratch: Path
    progress: Progress
    fingerprint: str = ""
    edited: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One arrow of the flow, from the files of earlier stages to its own.

    Parameters
    ----------
    name : str
        What the command line calls it.
    output : str
        Name of its file or directory in the run directory.
    module : str
        Module with ``run(context: Context) -> None``.
    reads : tuple of str
        Fields and sections of the configuration that decide the output, as dotted paths.
    opens : tuple of str
        Fields of the configuration that name files or directories, whose content decides the
        output; a field may be empty.
    needs : tuple of str
        Stages whose output it reads; ``NAME.details`` where it reads the details.
    details : str
        Name of a second file or directory, for what is told of the work; a stage that needs only
        the output does not run again when this changes. Empty if there is none.
    rooms : tuple of str
        Packages whose code decides the output, besides the module itself.
    distributions : tuple of str
        Installed packages whose version decides the output.
    editable : bool
        Whether a person may change the output; the change is then kept and used.
    judged : bool
        Whether the module has ``check(output: Path) -> None`` too, to be called at the end of every
        run of the job, with the details if it has some. It raises
        :exc:`arch.errors.CheckFailed` if they tell of a failure of the product.
    """

    name: str
    output: str
    module: str
    reads: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    details: str = ""
    rooms: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    editable: bool = False
    judged: bool = False

    def load(self) -> ModuleType:
        """Import the module, which may take seconds: it brings the tools that the stage needs."""
        return importlib.import_module(self.module)

    def run(self, context: Context) -> None:
        """Do the work."""
        function: Callable[[Context], None] = self.load().run
        function(context)

    def check(self, output: Path) -> None:
        """Raise :exc:`arch.errors.CheckFailed` if ``output`` tells of a failure of the product."""
        if self.judged:
            function: Callable[[Path], None] = self.load().check
            function(output)
