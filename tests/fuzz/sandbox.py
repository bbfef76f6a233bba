"""Runs what reads files and watches it: how it ends, what it takes, what it leaves behind."""

import compileall
import contextlib
import io
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.errors import OhmforgeError
from flow import cli
from tests.fuzz.odd import Odd

__all__ = ["BYTES_MAX", "SECONDS_MAX", "Misbehaviour", "Outcome", "command", "examine"]

SECONDS_MAX = 10.0
"""Longest time that an input may take, of the processor: a busy machine decides nothing."""
BYTES_MAX = 1 << 31
"""Most memory that the process may hold while it reads an input."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PLACES = {
    "os.mkdir": (0, 2),
    "os.remove": (0, 1),
    "os.rmdir": (0, 1),
    "os.rename": (1, 3),
    "os.symlink": (1, 2),
}
"""Events that change a directory, with the arguments that say where, and from which directory."""
_ROOT = Path(__file__).parents[2]
_ROOMS = ("arch", "sw", "hw", "cosim", "host", "flow")
_FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect")


class Misbehaviour(Exception):
    """Something that no input may bring the program to do."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an input ended.

    Parameters
    ----------
    kind : str
        ``accepted``, ``refused`` (in one line), ``fault``, or ``slow``.
    text : str
        The message, or the traceback of a fault.
    seconds : float
        Time of the processor that it took.
    peak : int
        Bytes of memory that the process held at most; 0 where the system does not tell.
    """

    kind: str
    text: str
    seconds: float
    peak: int

    @property
    def signature(self) -> str:
        """What faults of one cause have in common: the exception and the innermost own line."""
        lines = self.text.strip().splitlines()
        own = [line.split(", in ")[0].strip() for line in lines if line.lstrip().startswith("File")]
        ours = [line for line in own if "site-packages" not in line and "/lib/" not in line]
        return f"{lines[-1][:100] if lines else ''} | {ours[-1] if ours else ''}"


class _Watch:
    """An audit hook, which cannot be removed: it watches only while ``allowed`` is set."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.found: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event in _FORBIDDEN:
            self.found.append(f"{event} {arguments!r:.200}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            self._check(event, arguments[0])
        elif event in _PLACES:
            place, directory = (arguments[number] for number in _PLACES[event])
            self._check(event, place, directory)

    def _check(self, event: str, place: Any, directory: int = -1) -> None:
        if isinstance(place, int) or place is None:
            return
        start = Path(f"/proc/self/fd/{directory}" if directory >= 0 else "").resolve()
        path = start / os.fsdecode(place)
        # Opening follows a link, while removing and renaming treat the link itself.
        path = path.resolve() if event == "open" else path.parent.resolve() / path.name
        exists = event == "os.mkdir" and path.is_dir()  # which mkdir itself refuses
        if path != Path(os.devnull) and not str(path).startswith(self.allowed or ()) and not exists:
            self.found.append(f"{event} {path}")


_WATCH = _Watch()


def command(*words: str) -> None:
    """Run the command line; raises OhmforgeError if it refused, in one line and with status 2.

    Raises
    ------
    Misbehaviour
        If it printed anything else, or ended with another status.
    """
    written = {name: io.TextIOWrapper(io.BytesIO(), "utf-8") for name in ("stdout", "stderr")}
    with (
        contextlib.redirect_stdout(written["stdout"]),
        contextlib.redirect_stderr(written["stderr"]),
    ):
        try:
            cli.main(list(words))
        except SystemExit as ended:
            status = ended.code
    texts = {}
    for name, stream in written.items():
        stream.flush()
        texts[name] = stream.buffer.getvalue().decode()
    for text in texts.values():
        strange = {letter for letter in text if not letter.isprintable()} - {"\n"}
        if strange:
            raise Misbehaviour(f"{words[0]} printed {sorted(strange)!r}")
    errors = [line for line in texts["stderr"].splitlines() if line.startswith("ohmforge: ")]
    if status == 0:
        return
    if status not in (1, 2) or len(errors) != 1 or texts["stderr"].splitlines()[-1:] != errors:
        raise Misbehaviour(f"{words[0]} ended with {status} and {texts['stderr']!r:.500}")
    raise OhmforgeError(errors[0].removeprefix("ohmforge: "))


def examine(
    read: Callable[[], None], files: Mapping[str, bytes | Odd], room: Path, results: Sequence[str]
) -> Outcome:
    """Write files into a new folder within ``room``, read them there, and see what happens.

    Parameters
    ----------
    read : callable
        Reads the files, with that folder as the working directory.
    files : mapping of str to bytes, or to what is no file
        Content by relative path.
    room : Path
        A directory of its own; nothing but ``results`` may change in it. Temporary files may be
        made there while the files are read, but have to be gone afterwards.
    results : sequence of str
        Begin of the names in the folder that reading may make or change.
    """
    folder = room / "work"
    shutil.rmtree(folder, ignore_errors=True)
    (room / "outside").write_text("nothing may change this")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Odd):
            content.put(folder / name)
        else:
            (folder / name).write_bytes(content)
    allowed = tuple(str(folder.resolve() / name) for name in results)
    before = _tree(room, allowed)
    _reset_peak()
    begin = time.process_time()
    kind, text = "accepted", ""
    with _watched(folder, (*allowed, str(Path(tempfile.gettempdir()).resolve()))) as found:
        try:
            read()
        except OhmforgeError as error:
            kind, text = "refused", str(error)
        except BaseException as error:  # whatever it is: nothing but our own errors may come
            if isinstance(error, KeyboardInterrupt):
                raise
            kind, text = "fault", traceback.format_exc()
    seconds, peak = time.process_time() - begin, _peak()
    after = _tree(room, allowed)
    found += [f"{path} changed" for path in before.keys() | after.keys()
              if before.get(path) != after.get(path)]  # fmt: skip
    if kind != "fault" and found:
        kind, text = "fault", f"outside its place: {sorted(found)[:5]}"
    if kind != "fault" and peak > BYTES_MAX:
        kind, text = "fault", f"took more than {BYTES_MAX >> 20} MiB"
    if kind != "fault" and seconds > SECONDS_MAX:
        kind, text = "slow", f"took more than {SECONDS_MAX:g} seconds"
    return Outcome(kind=kind, text=text, seconds=seconds, peak=peak)


@contextlib.contextmanager
def _watched(folder: Path, allowed: tuple[str, ...]) -> Iterator[list[str]]:
    if _WATCH not in _installed:
        for room in _ROOMS:  # else a module that is imported late writes its byte code
            compileall.compile_dir(_ROOT / room, quiet=2)
        sys.addaudithook(_WATCH)
        _installed.append(_WATCH)
    _WATCH.found = []
    with contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error")  # to a user it would be a line that says nothing to him
        _WATCH.allowed = allowed
        try:
            yield _WATCH.found
        finally:
            _WATCH.allowed = None


_installed: list[_Watch] = []


def _tree(room: Path, but: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Size and time of every file and directory in ``room``, without what is in ``but``."""
    found = {}
    pending = [str(room.resolve())]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.path.startswith(but or "\0"):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found[entry.path] = (0, 0)
                    pending.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    found[entry.path] = (status.st_size, status.st_mtime_ns)
    return found


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Bytes that the process held at most since :func:`_reset_peak`."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return 0
