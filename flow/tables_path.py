"""Where the mapping tables are in a directory that a user names."""

from pathlib import Path

from arch.table_files import MANIFEST
from flow.run_directory import MARKER

__all__ = ["tables_of"]


def tables_of(directory: Path) -> Path:
    """The mapping tables in a run directory, or the directory itself."""
    if (directory / MARKER).is_file() and not (directory / MANIFEST).exists():
        return directory / "map" / "tables"
    return directory
