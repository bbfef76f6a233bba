"""An engine that was made from a run directory, by the files beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.errors import InputError
from arch.link_record import read_link
from arch.link_shape import LinkShape
from arch.network_shape import NetworkShape
from arch.shape_record import shape_from_record
from flow.json_file import read_json
from flow.simulated_port import SIMULATION

__all__ = ["Engine"]

_LINK = "link.json"
_SIZE_MAX = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that was made from a run directory.

    Parameters
    ----------
    path : Path
        Its ``names.json``.
    shape : NetworkShape or None
        What it is built as, if it loads its tables.
    built_as : dict of str to object
        What programs for it are built with, if it does not.
    link : LinkShape or None
        Its link, if it has one.
    board : str
        What it is for.
    """

    path: Path
    shape: NetworkShape | None
    built_as: dict[str, Any]
    link: LinkShape | None
    board: str

    @property
    def on_board(self) -> bool:
        """Whether it was made for a board, not for a simulation."""
        return self.board not in ("", SIMULATION)

    @classmethod
    def read(cls, path: Path) -> "Engine":
        """The engine that a ``names.json`` and a ``link.json`` beside it describe.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If there is none.
        """
        names = read_json(path)
        if not isinstance(names, dict) or "memories" not in names:
            raise InputError(f"{path}: is not names.json of an engine")
        shape = None
        if names.get("load_image"):
            shape = shape_from_record(names.get("shape"), origin=str(path))
        link, board = None, ""
        if path.with_name(_LINK).is_file():
            link, board = read_link(path.with_name(_LINK))
        built_as: dict[str, Any] = {
            "skip_zero_planes": names.get("skip_zero_planes") is True,
            "argmax": names.get("argmax") is True,
            "step_logic": names.get("step_logic") is True,
            "read_back": names.get("read_back") is True,
        }
        for name in ("lanes", "counter_bits"):
            if name in names:
                built_as[name] = _size(names, name, path)
        if isinstance(names.get("macro"), dict):
            built_as["macro_latency"] = _size(names["macro"], "latency", path)
        return cls(path=path, shape=shape, built_as=built_as, link=link, board=board)


def _size(names: dict[str, Any], name: str, path: Path) -> int:
    size = names.get(name)
    if type(size) is not int or not 0 < size < _SIZE_MAX:
        raise InputError(f"{path}: {name} is damaged: {size!r}")
    return size
