"""What a shell offers when a word of the command line is to be completed.

Nothing is imported here that takes long: a person waits behind the tabulator key.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import typer

__all__ = ["STAGE_NAMES", "configurations", "layers", "run_directories", "stages", "stages_or_all"]

STAGE_NAMES = ("train", "search", "prune", "quantise", "map", "verilog", "cosim", "report")
"""Names of the stages, in order."""
_MARKERS = ("ohmforge.json", "manifest.json")
"""What a run directory has, and a directory of mapping tables."""
_BYTES_MAX = 1 << 24


def stages(incomplete: str) -> list[str]:
    """Names of stages that begin so."""
    return [name for name in STAGE_NAMES if name.startswith(incomplete)]


def stages_or_all(incomplete: str) -> list[str]:
    """Names of stages that begin so, or ``all``."""
    return [name for name in (*STAGE_NAMES, "all") if name.startswith(incomplete)]


def run_directories(incomplete: str) -> list[str]:
    """Run directories and directories of tables that begin so, and ways to more of them."""
    return list(_directories(incomplete))


def configurations(incomplete: str) -> list[str]:
    """YAML files that begin so, and directories in which there may be more."""
    files = [
        f"{head}{entry.name}"
        for head, entry in _entries(incomplete)
        if entry.suffix in (".yaml", ".yml") and entry.is_file()
    ]
    ways = [f"{head}{entry.name}/" for head, entry in _entries(incomplete) if entry.is_dir()]
    return files + ways


def layers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of the layers in the directory that stands on the command line, if it has tables."""
    # An option without its value ends the parsing: what was not parsed is in the arguments.
    given = ctx.params.get("directory") or next(iter(ctx.args), None)
    if given is None:
        return []
    for place in (Path(given), Path(given) / "map" / "tables"):
        path = place / "manifest.json"
        try:
            if path.stat().st_size > _BYTES_MAX:
                return []
            names = [layer["name"] for layer in json.loads(path.read_text("utf-8"))["layers"]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        return [name for name in names if isinstance(name, str) and name.startswith(incomplete)]
    return []


def _directories(incomplete: str) -> Iterator[str]:
    for head, entry in _entries(incomplete):
        if not entry.is_dir():
            continue
        if any((entry / marker).is_file() for marker in _MARKERS):
            yield f"{head}{entry.name}"
        else:
            yield f"{head}{entry.name}/"


def _entries(incomplete: str) -> Iterator[tuple[str, Path]]:
    """Files and directories whose path begins so, each with what was typed before its name."""
    head, slash, name = incomplete.rpartition("/")
    place = Path(f"{head}{slash}" or ".").expanduser()
    try:
        found = sorted(place.iterdir())
    except OSError:
        return
    for entry in found:
        hidden = entry.name.startswith(".") and not name.startswith(".")
        if entry.name.startswith(name) and not hidden:
            yield f"{head}{slash}", entry
