"""The driver stands alone: no torch, no Amaranth, no cocotb, nothing of the command line."""

import subprocess
import sys

PROGRAM = """
import pkgutil, sys, host
for module in pkgutil.walk_packages(host.__path__, "host."):
    __import__(module.name)
print(" ".join(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_imports():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert {"host", "arch", "numpy"} <= modules
    assert not modules & {"torch", "amaranth", "cocotb", "flow", "sw", "hw", "cosim", "typer"}
