# amaranth: UnusedElaboratable=no
"""Exports: the same bytes every time, nothing loose in them, all ports in every file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.load_image import load_image
from arch.network_program import build_network_program
from cosim.toolchain import verilator
from hw.emit import LOAD_IMAGE
from hw.integration.constraints import constraint_files
from hw.integration.export import ExportOptions, export
from hw.integration.reset_input import ResetInput
from hw.integration.wrapper import Wrapper
from sw.mapping import map_network
from tests.hw.test_emit import PATH, lint
from tests.sw.integer_layers import residual_network

GEOMETRY = Geometry()
CASES = {
    "axi": (
        {"capacity": Capacity(ous=30, acc_bits=24)},
        ExportOptions(
            top="axi", stream_bytes=4, reset=ResetInput(polarity="low", kind="async"), clock_mhz=80
        ),
    ),
    "native": (
        {"macro_latency": 3, "argmax": True},
        ExportOptions(top="native", name="digits", reset=ResetInput()),
    ),
}
AXI = ("awaddr", "awvalid", "awready", "wdata", "wstrb", "bresp", "araddr", "rdata", "rresp")


def program_of(built_as):
    return build_network_program(map_network(residual_network(GEOMETRY), GEOMETRY), **built_as)


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A program, what was asked for, and the export."""
    built_as, options = CASES[request.param]
    program = program_of(built_as)
    place = tmp_path_factory.mktemp("export")
    return program, options, place, export(program, place, options)


def names_of(place):
    return json.loads((place / "rtl" / "names.json").read_text())


def test_same_bytes(case, tmp_path):
    program, options, place, _ = case
    export(program, tmp_path, options)
    files = sorted(path.relative_to(place) for path in place.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    for file in files:
        assert (place / file).read_bytes() == (tmp_path / file).read_bytes(), file
        if file.parts[0] != "registers":
            assert file.suffix == ".bin" or not PATH.search((place / file).read_text()), file


def test_files(case):
    program, options, place, _ = case
    name = options.name
    assert {path.name for path in place.iterdir()} == {
        *("README.md", "constraints", "registers", "rtl"),
        f"{name}.core",
    }
    rtl = {path.name for path in (place / "rtl").iterdir()}
    assert {f"{name}.v", f"{name}.vlt", "names.json"} <= rtl
    assert {p.name for p in (place / "constraints").iterdir()} == {
        f"{name}.{end}" for end in ("lpf", "pcf", "xdc", "sdc")
    }
    maps = {"ohmforge.rdl", "ohmforge.h", "ohmforge.ipxact.xml"}
    assert maps | {"registers.svd", "html", "python"} <= {
        path.name for path in (place / "registers").iterdir()
    }
    if options.top == "axi":
        assert (place / "rtl" / LOAD_IMAGE).read_bytes() == load_image(program)
        assert (place / "registers" / "ohmforge_axi.h").is_file()
    else:
        assert {"crossbar_macro.v", "crossbars.mem", "step.mem"} <= rtl


def test_ports(case):
    """Names as the tools look for them, those of the reset, and what names.json says."""
    _, options, place, wrapper = case
    text = (place / "rtl" / f"{options.name}.v").read_text()
    head = re.search(rf"^module {options.name} \((.*?)^\);", text, re.M | re.S)[1]
    declared = re.findall(r"^  (input|output) wire (?:\[(\d+):0\] )?(\w+)", head, re.M)
    seen = {name: (way.removesuffix("put"), int(high or 0) + 1) for way, high, name in declared}
    assert seen == {port.name: (port.direction, port.bits) for port in wrapper.ports}
    names = names_of(place)
    assert (names["top"], names["clock"]) == (options.name, wrapper.clock)
    kind = f"{options.reset.kind}hronous"
    reset = {"name": wrapper.reset_name, "kind": kind, "active": options.reset.polarity}
    assert names["reset"] == reset
    assert set(names["ports"]) == set(seen) - {wrapper.clock, wrapper.reset_name}
    if options.top == "axi":
        assert {"aclk", "aresetn", "irq", "s_axis_tkeep", "m_axis_tlast"} <= set(seen)
        assert {f"s_axi_{name}" for name in AXI} <= set(seen)
        assert head.count("X_INTERFACE_INFO") == len(seen)
        assert 'X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW"' in head
    else:
        assert {"clk", "rst", "i__payload", "bus__adr", "o__valid"} <= set(seen)
        assert "X_INTERFACE" not in head
        assert "monitor" not in seen
    modules = re.findall(r"^module \\?([\w.$]+)", text, re.M)
    assert all(module.startswith(options.name) for module in modules)


def test_memories_are_where_names_say(case):
    _, options, place, _ = case
    text = (place / "rtl" / f"{options.name}.v").read_text()
    for memory in names_of(place)["memories"].values():
        module = re.search(
            rf"^module \\{re.escape(memory['module'])} \(.*?^endmodule", text, re.M | re.S
        )[0]
        assert f"{memory['array']} [" in module


def test_constraints_have_every_bit(case):
    """The clock, and a line for each bit of each port; an asynchronous reset is not timed."""
    _, options, place, wrapper = case
    bits = sum(port.bits for port in wrapper.ports)
    texts = {path.suffix: path.read_text() for path in (place / "constraints").iterdir()}
    for end, words in {".lpf": "LOCATE COMP", ".pcf": "set_io", ".xdc": "PACKAGE_PIN"}.items():
        lines = [line for line in texts[end].splitlines() if words in line]
        assert len(set(lines)) == len(lines) == bits
        assert all(line.startswith("# ") for line in lines)
    period = f"-period {1000 / options.clock_mhz:.3f} [get_ports {wrapper.clock}]"
    assert period in texts[".xdc"]
    assert period in texts[".sdc"]
    assert f'"{wrapper.clock}" {options.clock_mhz:g} MHZ' in texts[".lpf"]
    free = f"set_false_path -from [get_ports {wrapper.reset_name}]"
    assert (free in texts[".xdc"]) == (options.reset.kind == "async")


def test_readme_is_of_the_export(case):
    _, options, place, wrapper = case
    text = (place / "README.md").read_text()
    assert all(
        f"| `{port.name}` | {port.direction} | {port.bits} |" in text for port in wrapper.ports
    )
    for path in re.findall(r"`((?:rtl|constraints)/[\w.]+)`", text):
        assert (place / path).exists(), path
    assert (LOAD_IMAGE in text) == (options.top == "axi")
    assert ("crossbar_macro.v" in text) == (options.top == "native")


def fusesoc(place, *words):
    """Run FuseSoC on an export, with the Verilator of the cosimulation."""
    tool = verilator()
    path = f"{Path(sys.executable).parent}{os.pathsep}{tool.path.parent}{os.pathsep}"
    variables = os.environ | tool.environment
    variables["PATH"] = path + variables["PATH"]
    return subprocess.run(
        ["fusesoc", "--cores-root", str(place), *words],
        cwd=place.parent,
        env=variables | {"XDG_CONFIG_HOME": str(place.parent), "HOME": str(place.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.cosim
def test_fusesoc(case, tmp_path):
    """The core file is understood; its lint target finds nothing, its others are set up."""
    _, options, place, _ = case
    core = f"ohmforge:generated:{options.name}"
    shown = fusesoc(place, "core", "show", core)
    assert shown.returncode == 0, shown.stderr
    targets = set(re.findall(r"^(\w+) +:", shown.stdout, re.M))
    assert {"default", "lint", "sim", "lpf", "pcf", "xdc", "sdc"} <= targets
    build = ["--build-root", str(tmp_path)]
    done = fusesoc(place, "run", "--target", "lint", *build, core)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "%Warning" not in done.stdout + done.stderr
    assert lint(place / "rtl", f"{options.name}.vlt", options.name, *models(place)) == ""


def models(place):
    return [path.name for path in (place / "rtl").glob("crossbar_macro.v")]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"top": "avalon"}, "the top must be one of axi, native, not 'avalon'"),
        ({"name": "module"}, "'module' cannot name a module"),
        ({"name": "3d"}, "'3d' cannot name a module"),
        ({"name": "a\n"}, "cannot name a module"),
        ({"stream_bytes": 2}, "a transfer of images has 1 or 4 bytes, not 2"),
        ({"top": "native", "stream_bytes": 4}, "only axi has wider ones"),
        ({"clock_mhz": 0}, "a clock of 0 MHz is none"),
        ({"clock_mhz": float("nan")}, "a clock of nan MHz is none"),
    ],
)
def test_wrong_options(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ExportOptions(**wrong)


def test_wrong_wrapper():
    with pytest.raises(ValueError, match=r"^top must be one of axi, native: 'x'$"):
        Wrapper(name="n", top="x", ports={}, reset=ResetInput())
    with pytest.raises(TypeError, match=r"^reset must be a ResetInput, not 'low'$"):
        Wrapper(name="n", top="native", ports={}, reset="low")
    wrapper = Wrapper(name="n", top="native", ports={}, reset=ResetInput())
    with pytest.raises(ValueError, match=r"^clock_mhz must be positive, not 0$"):
        constraint_files(wrapper, clock_mhz=0)
