"""Generated Verilog compiled with a bare C++ loop: the reference of the speed of cosimulation."""

import os
import subprocess
from pathlib import Path

from cosim.toolchain import verilator

__all__ = ["BareModel"]


class BareModel:
    """Verilog under Verilator, driven by a C++ program in this directory and nothing else.

    Parameters
    ----------
    verilog : Path
        Directory of the Verilog.
    top : str
        Its top module; the file is called the same.
    loop : str
        The C++ program; it prints the cycles that it simulated and the seconds that they took.
    directory : Path
        Where it is built.
    """

    def __init__(self, verilog: Path, top: str, loop: str, directory: Path) -> None:
        tools, loops = verilator(), Path(__file__).resolve().parent
        self._binary = directory / f"V{top}"
        subprocess.run(
            [
                str(tools.path), "--cc", "--exe", "--build", "-j", "2", "-O3", "-Wno-lint",
                "--output-split", "0", "--x-assign", "fast", "--x-initial", "fast",
                "-CFLAGS", f"-O1 -I{loops}", "--top-module", top, "-Mdir", str(directory),
                str(loops / loop),
                str(verilog / f"{top}.v"),
            ],
            check=True,
            env={**os.environ, **tools.environment},
            capture_output=True,
        )  # fmt: skip

    def cycles_per_second(self, *arguments: object) -> float:
        """Run the program with these arguments."""
        done = subprocess.run(
            [str(self._binary), *map(str, arguments)],
            check=True,
            capture_output=True,
            text=True,
        )
        simulated, seconds = done.stdout.split()
        return int(simulated) / float(seconds)
