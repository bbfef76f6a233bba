"""Run one of the YoWASP tools, which come as Python packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from arch.errors import ToolError

__all__ = ["run_tool"]


def run_tool(name, arguments, directory):
    """Run ``name`` in ``directory``; its output goes to ``NAME.log`` there.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If the tool is missing, or fails; the message has its last line.
    """
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    program = shutil.which(name, path=here)
    if program is None:
        raise ToolError(f"{name} is missing: pip install 'ohmforge[fpga]'")
    log = Path(directory) / f"{name}.log"
    with log.open("w") as output:
        done = subprocess.run(
            [program, *arguments], cwd=directory, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        lines = log.read_text().split("\n")
        said = next((line for line in lines if "ERROR" in line), "nothing")
        raise ToolError(f"{name} failed and said: {said}: see {log}")
