"""Writes a directory as a whole: the old one stays until the new one is complete."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replace_directory"]


@contextmanager
def replace_directory(target: Path) -> Iterator[Path]:
    """Give an empty directory to write into; it becomes ``target`` when the block ends well.

    If the block raises, or is interrupted, ``target`` is as it was and nothing is left behind.
    A ``target`` that exists is replaced with all that it holds: the caller decides whether it may.

    Raises
    ------
    :exc:`OSError`
        If the directory cannot be made or moved.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that moving is a rename within one file system.
    workplace = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    new, old = workplace / "new", workplace / "old"
    try:
        new.mkdir()
        yield new
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
