"""A simulated device for one command: started before it, ended behind it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arch.errors import ToolError
from flow.console import tell

__all__ = ["SIMULATION", "simulated_port"]

SIMULATION = "simulation"
"""The port that is no port: ``ohmforge device`` for as long as it is needed."""
_POLL_SECONDS = 0.2
_END_SECONDS = 30.0


@contextmanager
def simulated_port(directory: Path, *, quiet: bool) -> Iterator[str]:
    """Run ``ohmforge device`` on a run directory; gives the path of its pseudo-terminal.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If it ends before it can be spoken to, with what it said last.
    """
    if not quiet:
        tell(f"building a simulated device of {directory}")
    with tempfile.TemporaryDirectory(prefix="ohmforge-") as place:
        port = Path(place, "port")
        said = Path(place, "device.log")
        words = [sys.executable, "-m", "flow", "device", str(directory), "--link", str(port)]
        with said.open("w") as log:
            device = subprocess.Popen(
                [*words, "--quiet"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            while not port.is_symlink():
                if device.poll() is not None:
                    raise ToolError(f"the simulated device ended: {_last_line(said)}")
                time.sleep(_POLL_SECONDS)
            yield str(port)
        finally:
            device.terminate()
            try:
                device.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                device.kill()
                device.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
