"""FuseSoC core files: filesets and targets, with a crossbar macro and without."""

import pytest
import yaml

from hw.integration.fusesoc_core import fusesoc_core
from tests.hw.integration.wrappers import wrapper_of

ENDS = ("lpf", "pcf", "xdc", "sdc")
CONSTRAINTS = {end: [f"constraints/digits.{end}"] for end in ENDS}
PLAIN = {"rtl": ["rtl/digits.v"], "waivers": ["rtl/digits.vlt"], "model": [], "cells": []}
MACRO = PLAIN | {
    "model": ["rtl/crossbar_macro.v"],
    "cells": ["rtl/crossbars0.mem", "rtl/crossbars1.mem"],
}


def core_of(files, *, description="An engine"):
    """The core file, as a reader of YAML has it."""
    text = fusesoc_core(
        wrapper_of("native"),
        vlnv="ohmforge:generated:digits:1.0",
        description=description,
        files=files,
    )
    head, _, rest = text.partition("\n")
    assert head == "CAPI=2:"
    return yaml.safe_load(rest)


def test_names():
    core = core_of(PLAIN | CONSTRAINTS)
    assert (core["name"], core["description"]) == ("ohmforge:generated:digits:1.0", "An engine")
    assert set(core["targets"]) == {"default", "lint", "sim", *ENDS}
    assert {target["toplevel"] for target in core["targets"].values()} == {"digits"}


@pytest.mark.parametrize("files", [PLAIN, MACRO], ids=["plain", "macro"])
def test_every_fileset_is_there(files):
    """What a target takes is a fileset, and a fileset has files."""
    core = core_of(files | CONSTRAINTS)
    for name, target in core["targets"].items():
        assert target["filesets"], name
        assert set(target["filesets"]) <= set(core["filesets"]), name
    assert all(fileset["files"] for fileset in core["filesets"].values())


def test_macro():
    """Its model is simulated and linted, not synthesised; its cells lie where it runs."""
    core = core_of(MACRO | CONSTRAINTS)
    taken = {name: target["filesets"] for name, target in core["targets"].items()}
    assert taken["sim"] == ["rtl", "model", "cells"]
    assert taken["lint"] == ["waivers", "rtl", "model"]
    assert taken["default"] == ["rtl"]
    assert [taken[end] for end in ENDS] == [["rtl", end] for end in ENDS]
    assert core["filesets"]["cells"]["files"] == [
        {f"rtl/crossbars{n}.mem": {"copyto": f"crossbars{n}.mem"}} for n in range(2)
    ]


def test_without_a_macro():
    core = core_of(PLAIN | CONSTRAINTS)
    assert core["targets"]["sim"]["filesets"] == ["rtl"]
    assert core["targets"]["lint"]["filesets"] == ["waivers", "rtl"]
    assert set(core["filesets"]) == {"rtl", "waivers", *ENDS}


def test_kinds_of_files():
    """As the tools behind FuseSoC know them; waivers come before what they are of."""
    filesets = core_of(MACRO | CONSTRAINTS)["filesets"]
    kinds = {name: fileset["file_type"] for name, fileset in filesets.items()}
    assert kinds == {
        "rtl": "verilogSource",
        "waivers": "vlt",
        "model": "verilogSource",
        "cells": "user",
        "lpf": "LPF",
        "pcf": "PCF",
        "xdc": "xdc",
        "sdc": "SDC",
    }


@pytest.mark.parametrize("description", ['with "quotes": and a colon', "- # {[", "\u00fc"])
def test_descriptions_are_kept(description):
    assert core_of(PLAIN, description=description)["description"] == description
