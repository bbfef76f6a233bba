"""What the simulation of a device is told when it begins: a file in its directory."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ["DeviceCase"]

_FILE = "device.json"


@dataclass(frozen=True, kw_only=True)
class DeviceCase:
    """A device behind a socket.

    Parameters
    ----------
    socket : str
        Path of the socket where the other process listens.
    divisor : int
        Cycles of a bit.
    baud : int
        Bits a second, as the host takes them.
    idle_bits : int
        Silence after which a frame that has begun is dropped, in bits.
    work_cycles : int
        Cycles that the engine may work when nothing more comes over the wire.
    """

    socket: str
    divisor: int
    baud: int
    idle_bits: int
    work_cycles: int

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read what :meth:`write` wrote."""
        return cls(**json.loads((directory / _FILE).read_text()))

    def write(self, directory: Path) -> None:
        """Write it for a simulation in ``directory``."""
        (directory / _FILE).write_text(json.dumps(asdict(self)))
