"""What PeakRDL makes of the registers: HTML pages, a C header and a Python access layer.

``python -m hw.register_export DIR`` writes all of it; without a directory it writes the C header
anew that lies in this room, so that generating Verilog does not need PeakRDL. It comes with
``pip install ohmforge[registers]``.
"""

import sys
import tempfile
from pathlib import Path

from peakrdl_cheader.exporter import CHeaderExporter
from peakrdl_html import HTMLExporter
from peakrdl_python import PythonExporter
from peakrdl_python.systemrdl_node_hashes import NodeHashingMethod
from systemrdl import RDLCompiler

from arch.systemrdl import systemrdl
from hw.emit import HEADER

__all__ = ["compiled", "export", "header"]


def compiled(directory):
    """The registers as systemrdl-compiler understands them.

    Parameters
    ----------
    directory : Path
        Where ``registers.rdl`` is written; it is read again while the result is used.

    Returns
    -------
    systemrdl.node.AddrmapNode

    Raises
    ------
    systemrdl.RDLCompileError
        If the description is wrong.
    """
    path = directory / "registers.rdl"
    path.write_text(systemrdl())
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate().top


def header():
    """Text of the C header."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / HEADER.name
        CHeaderExporter().export(compiled(path.parent), str(path))
        return path.read_text()


def export(directory):
    """Write ``registers.rdl``, ``registers.h``, ``html`` and ``python`` into a new directory."""
    directory.mkdir(parents=True)
    top = compiled(directory)
    (directory / HEADER.name).write_text(header())
    HTMLExporter().export(top, str(directory / "html"))
    # Python's own hashes would give other names in every process.
    PythonExporter().export(top, str(directory / "python"), hashing_method=NodeHashingMethod.SHA256)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        export(Path(sys.argv[1]))
    else:
        HEADER.write_text(header())
