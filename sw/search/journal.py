"""The checkpoint of a search: every evaluation, on disk as soon as it is made.

Whatever else a search does follows from its seed within milliseconds. So a search that was killed
is run again from the start, takes from here what was evaluated before, and comes to the same end;
no state of an agent has to be saved, and none can be saved wrongly.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sw.search.evaluation import Evaluation
from sw.whole_file import write_whole

__all__ = ["Journal"]


class Journal:
    """Evaluations in a file of JSON lines; only ever appended to.

    A line that is cut off or damaged ends what is read: what follows it is evaluated again.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    key : str
        What the evaluations depend on. A file with another key, or one that was closed by
        :meth:`finish`, is begun anew.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        self._path = path
        self._known: dict[tuple[str, tuple[int, ...]], Evaluation] = {}
        self.remembered_seconds = 0.0
        """Time of the evaluations that were taken from the file, each counted once."""
        lines = _read(path)
        kept = lines[:1] == [{"key": key}] and not any("finished" in line for line in lines)
        for line in lines[1:] if kept else ():
            try:
                divergence = line["divergence"]
                entry = Evaluation(
                    accuracy=float(line["accuracy"]),
                    divergence=None if divergence is None else float(divergence),
                    seconds=float(line["seconds"]),
                )
                self._known[line["kind"], tuple(line["kept"])] = entry
            except (KeyError, OverflowError, TypeError, ValueError):
                break
        self._unasked = set(self._known)
        # Written anew, without what was damaged, so that the next line begins a line.
        text = _line({"key": key})
        for (kind, counts), entry in self._known.items():
            text += _entry(kind, counts, entry)
        write_whole(path, text.encode())

    def find(self, kind: str, kept: Sequence[int]) -> Evaluation | None:
        """What was found before, here or in the file; None if it was not evaluated.

        Parameters
        ----------
        kind : str
            Which way of evaluating.
        kept : sequence of int
            Segments that stay in each layer.
        """
        entry = (kind, tuple(kept))
        found = self._known.get(entry)
        if found is not None and entry in self._unasked:
            self._unasked.remove(entry)
            self.remembered_seconds += found.seconds
        return found

    def add(self, kind: str, kept: Sequence[int], evaluation: Evaluation) -> None:
        """Keep an evaluation; it is on disk when this returns."""
        self._known[kind, tuple(kept)] = evaluation
        self._append(_entry(kind, kept, evaluation))

    def finish(self) -> None:
        """Say that the search is over: the next one does not take over what is here."""
        self._append(_line({"finished": True}))

    def _append(self, text: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _entry(kind: str, kept: Sequence[int], evaluation: Evaluation) -> str:
    return _line({"kind": kind, "kept": list(kept), **vars(evaluation)})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _read(path: Path) -> list[dict[str, Any]]:
    """The lines before the first that is damaged."""
    if not path.is_file():
        return []
    lines: list[dict[str, Any]] = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict) or not text.endswith("\n"):
            break
        lines.append(value)
    return lines
