"""What tools for registers read: HTML pages, C, Python, CMSIS-SVD and IP-XACT.

``python -m hw.register_export DIR`` writes all of it for every kind of device; without a directory
it writes the C header anew that lies in this room, so that generating Verilog does not need
PeakRDL. It comes with ``pip install ohmforge[registers]``.
"""

import re
import sys
import tempfile
from pathlib import Path

from peakrdl_cheader.exporter import CHeaderExporter
from peakrdl_html import HTMLExporter
from peakrdl_ipxact import IPXACTExporter
from peakrdl_python import PythonExporter
from peakrdl_python.systemrdl_node_hashes import NodeHashingMethod
from systemrdl import RDLCompiler

from arch.axi_registers import AXI_BASE, AXI_MAP
from arch.link_registers import LINK_BASE, LINK_MAP
from arch.registers import ENGINE_MAP
from arch.systemrdl import systemrdl
from hw.emit import HEADER
from hw.svd import svd

__all__ = ["DEVICES", "compiled", "export", "header"]

DEVICES = {
    "link": {0: ENGINE_MAP, LINK_BASE: LINK_MAP},
    "axi": {0: ENGINE_MAP, AXI_BASE: AXI_MAP},
    "native": {0: ENGINE_MAP},
}
"""Address maps of each top, by the byte addresses at which they begin."""


def compiled(directory, registers=ENGINE_MAP):
    """The registers as systemrdl-compiler understands them.

    Parameters
    ----------
    directory : Path
        Where the description, ``NAME.rdl``, is written; it is read again while the result is used.
    registers : :class:`arch.register.AddressMap`
        Which.

    Returns
    -------
    systemrdl.node.AddrmapNode

    Raises
    ------
    systemrdl.RDLCompileError
        If the description is wrong.
    """
    path = directory / f"{registers.name}.rdl"
    path.write_text(systemrdl(registers))
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate().top


def header():
    """Text of the C header of an engine."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / HEADER.name
        CHeaderExporter().export(compiled(path.parent), str(path))
        return path.read_text()


def export(directory, blocks):
    """Write the registers for every tool into a new directory; the same bytes every time.

    Of each address map there are ``NAME.rdl`` (SystemRDL), ``NAME.h`` (C), ``NAME.ipxact.xml``
    (IP-XACT 1685-2014) and ``python/NAME``; of all together ``registers.svd`` and ``html``.

    Parameters
    ----------
    directory : Path
        To be made.
    blocks : mapping of int to :class:`arch.register.AddressMap`
        Address maps by the byte address at which they begin, as in :data:`DEVICES`.
    """
    directory.mkdir(parents=True)
    tops = []
    for registers in blocks.values():
        tops.append(top := compiled(directory, registers))
        CHeaderExporter().export(top, str(directory / f"{registers.name}.h"))
        version = ".".join(map(str, registers.version))
        IPXACTExporter(vendor="ohmforge", library="ohmforge", version=version).export(
            top, str(directory / f"{registers.name}.ipxact.xml"), component_name=registers.name
        )
        PythonExporter().export(
            top,
            str(directory / "python"),
            hashing_method=NodeHashingMethod.SHA256,  # Python's own change with the process
        )
    text = svd(blocks, name="ohmforge", description="Ohmforge network engine")
    (directory / "registers.svd").write_text(text)
    HTMLExporter().export(tops, str(directory / "html"))
    index = directory / "html" / "index.html"  # which has the time of day, for caches of browsers
    index.write_text(re.sub(r"(?<=BUILD_TS = )\d+|(?<=\?ts=)\d+", "0", index.read_text()))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for name, blocks in DEVICES.items():
            export(Path(sys.argv[1]) / name, blocks)
    else:
        HEADER.write_text(header())
