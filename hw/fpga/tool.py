"""Run one of the tools, which come as Python packages unless the environment names others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from arch.errors import ToolError

__all__ = ["SECONDS_MAX", "run_tool", "tool_variable"]

SECONDS_MAX = 7200
"""How long a tool may run."""
_PACKAGED = "yowasp-"


def tool_variable(name):
    """Environment variable that names another program for ``name``, as Amaranth has it."""
    return name.removeprefix(_PACKAGED).upper().replace("-", "_").replace("+", "X")


def run_tool(name, arguments, directory, *, seconds=SECONDS_MAX):
    """Run ``name`` in ``directory``; its output goes to ``NAME.log`` there.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If the tool is missing, fails, or takes longer than ``seconds``; the message has the line
        that says why.
    """
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    variable = tool_variable(name)
    chosen = os.environ.get(variable)
    program = shutil.which(chosen or name, path=here)
    if program is None:
        if chosen:
            raise ToolError(f"{chosen}, which {variable} names, is no program")
        raise ToolError(f"{name} is missing: pip install 'ohmforge[fpga]'")
    log = Path(directory) / f"{name}.log"
    try:
        with log.open("w") as output:
            done = subprocess.run(
                [program, *arguments],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                timeout=seconds,
            )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{name} has not ended after {seconds:g} s: see {log}") from error
    if done.returncode:
        lines = log.read_text(errors="replace").split("\n")
        said = next((line for line in lines if "ERROR" in line), "nothing")
        raise ToolError(f"{name} failed and said: {said}: see {log}")
