"""What is fuzzed: files that are right, how they are damaged, and what reads them."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.containers import damage_gzip, damage_idx, damage_safetensors, damage_zip
from tests.fuzz.damage import Damage, damage_bytes
from tests.fuzz.messages import damage_onnx
from tests.fuzz.odd import Odd
from tests.fuzz.records import damage_json, damage_yaml

__all__ = ["Files", "Subject", "files_of"]

Files = Mapping[str, bytes | Odd]
"""Content by relative path."""

_STRUCTURED: Mapping[str, Damage] = {
    ".json": damage_json,
    ".yaml": damage_yaml,
    ".npz": damage_zip,
    ".pt": damage_zip,
    ".safetensors": damage_safetensors,
    ".onnx": damage_onnx,
    ".gz": damage_gzip,
    "-ubyte": damage_idx,
}
"""Damage that keeps to the format, by how a name ends."""
_ODD_SHARE = 0.02


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One way into the program.

    Parameters
    ----------
    name : str
        What reports call it.
    originals : callable
        Makes sets of files that are right, in an empty directory that it is given.
    read : callable
        Reads the files in the working directory as the program does; raises what the program does.
    results : tuple of str
        Names in the working directory that reading may make or change.
    damaged : tuple of str
        How the names of the files end that are damaged; all if it is empty.
    repair : callable
        Makes hashes right again, so that damage comes past them.
    share : int
        How many inputs it gets, beside the others.
    odd : tuple of Odd
        What may stand in the place of a file. A program waits for a pipe that a person names, so
        that is left out for what a person names.
    """

    name: str
    originals: Callable[[Path], Sequence[Files]]
    read: Callable[[], None]
    results: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    repair: Callable[[dict[str, bytes | Odd]], None] | None = None
    share: int = 1
    odd: Sequence[Odd] = tuple(Odd)
    _made: list[Files] = field(default_factory=list, repr=False)

    def prepare(self, directory: Path) -> None:
        """Make the originals, in an empty directory."""
        self._made[:] = self.originals(directory)

    def whole(self) -> Sequence[Files]:
        """The originals."""
        return self._made

    def input(self, rng: Random) -> Files:
        """Files of which one, seldom two, are damaged."""
        files = dict(rng.choice(self._made))
        donors = rng.choice(self._made)
        names = sorted(name for name in files if name.endswith(self.damaged or ""))
        for _ in range(rng.choice((1, 1, 1, 2))):
            name = rng.choice(names)
            if self.odd and rng.random() < _ODD_SHARE:
                files[name] = rng.choice(self.odd)
            elif not isinstance(data := files[name], Odd):
                donor = donors.get(name) or rng.choice(sorted(donors.values()))
                files[name] = _damaged(rng, name, data, donor)
        if self.repair is not None and rng.random() < 0.7:
            self.repair(files)
        return files


def _damaged(rng: Random, name: str, data: bytes, donor: bytes) -> bytes:
    known = [damage for suffix, damage in _STRUCTURED.items() if name.endswith(suffix)]
    if known and rng.random() < 0.65:
        # A file that was damaged before may be one of its format no more.
        with contextlib.suppress(Exception):
            return known[0](rng, data, donor)
    return damage_bytes(rng, data, donor)


def files_of(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
