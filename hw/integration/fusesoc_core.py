"""FuseSoC core file: what an export has, for package managers of hardware."""

import json

__all__ = ["fusesoc_core"]


def fusesoc_core(wrapper, *, vlnv, description, files):
    """Text of a core file (CAPI2).

    Parameters
    ----------
    wrapper : :class:`hw.integration.wrapper.Wrapper`
        The top.
    vlnv : str
        Vendor, library, name and version, with colons between.
    description : str
        A line.
    files : mapping of str to sequence of str
        Paths by fileset: ``rtl``, ``waivers``, ``model`` (of a crossbar macro), ``cells`` (which
        it reads from the working directory), and ``lpf``, ``pcf``, ``xdc``, ``sdc``.

    Returns
    -------
    str
    """
    kinds = {
        "rtl": "verilogSource",
        "waivers": "vlt",
        "model": "verilogSource",
        "cells": "user",
        "lpf": "LPF",
        "pcf": "PCF",
        "xdc": "xdc",
        "sdc": "SDC",
    }
    given = {name: paths for name, paths in files.items() if paths}
    simulated = [name for name in ("rtl", "model", "cells") if name in given]
    linted = [name for name in ("waivers", *simulated) if name in given and name != "cells"]
    filesets = {
        name: {"file_type": kinds[name], "files": [_entry(name, path) for path in paths]}
        for name, paths in given.items()
    }
    targets = {
        "default": {"description": "The Verilog alone", "filesets": ["rtl"]},
        "lint": {
            "description": "Verilator finds nothing",
            "filesets": linted,
            "flow": "lint",
            "flow_options": {"tool": "verilator", "verilator_options": ["-Wall"]},
        },
        "sim": {"description": "For simulation", "filesets": simulated},
        **{
            f"{end}": {
                "description": f"The Verilog with constraints in .{end}",
                "filesets": ["rtl", end],
            }
            for end in ("lpf", "pcf", "xdc", "sdc")
        },
    }
    for target in targets.values():
        target["toplevel"] = wrapper.name
    core = {
        "name": vlnv,
        "description": description,
        "filesets": filesets,
        "targets": targets,
    }
    # JSON is YAML, with one way to write each value.
    return "CAPI=2:\n" + json.dumps(core, indent=2) + "\n"


def _entry(fileset, path):
    if fileset == "cells":
        return {path: {"copyto": path.rpartition("/")[2]}}
    return path
