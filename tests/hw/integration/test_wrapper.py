"""Wrapper: names, attributes and connections of the ports."""

import re

import pytest

from hw.integration.wrapper import Port
from tests.hw.integration.wrappers import AXI_PORTS, wrapper_of


@pytest.mark.parametrize(
    ("top", "polarity", "names"),
    [
        ("axi", "low", ("aclk", "aresetn")),
        ("axi", "high", ("aclk", "areset")),
        ("native", "low", ("clk", "rst_n")),
        ("native", "high", ("clk", "rst")),
    ],
)
def test_clock_and_reset(top, polarity, names):
    """They come first; the name of the reset tells its level."""
    wrapper = wrapper_of(top, polarity=polarity)
    assert (wrapper.clock, wrapper.reset_name) == names
    assert tuple(port.name for port in wrapper.ports[:2]) == names
    assert all(
        (port.direction, port.bits, port.inner) == ("in", 1, "") for port in wrapper.ports[:2]
    )


def test_names_of_axi():
    """As Vivado looks for them: one underscore; the order is that of the core."""
    wrapper = wrapper_of("axi")
    assert [(port.name, port.inner) for port in wrapper.ports[2:]] == [
        (inner.replace("__", "_"), inner) for inner in AXI_PORTS
    ]
    assert [port.bits for port in wrapper.ports[2:]] == [13, 1, 1, 32, 4, 32, 1]


def test_native_keeps_names():
    """But the monitor is no port."""
    wrapper = wrapper_of("native")
    assert [port.name for port in wrapper.ports] == ["clk", "rst", "i__payload", "i__valid"]
    assert wrapper.open == {"monitor": 99}
    assert not any(port.attributes for port in wrapper.ports)


@pytest.mark.parametrize("polarity", ["low", "high"])
def test_attributes(polarity):
    """Each port has its pin; the first one of an interface its sizes, too."""
    attributes = {port.name: port.attributes for port in wrapper_of("axi", polarity=polarity).ports}
    interfaces = {
        "s_axi_awaddr": ("aximm:1.0 s_axi AWADDR", "AXI4LITE, DATA_WIDTH 32, ADDR_WIDTH 13"),
        "s_axis_tdata": ("axis:1.0 s_axis TDATA", "TDATA_NUM_BYTES 4, HAS_TLAST 1"),
        "m_axis_tdata": ("axis:1.0 m_axis TDATA", "TDATA_NUM_BYTES 4, HAS_TLAST 1"),
    }
    for name, (info, parameter) in interfaces.items():
        assert attributes[name][0] == f'X_INTERFACE_INFO = "xilinx.com:interface:{info}"'
        assert attributes[name][1].endswith(f'{parameter}"')
    for name in ("s_axi_awvalid", "s_axi_awready", "s_axis_tkeep"):
        assert len(attributes[name]) == 1
    low = "n" if polarity == "low" else ""
    assert f"ASSOCIATED_RESET areset{low}" in attributes["aclk"][1]
    assert "ASSOCIATED_BUSIF s_axi:s_axis:m_axis" in attributes["aclk"][1]
    assert f"POLARITY ACTIVE_{polarity.upper()}" in attributes[f"areset{low}"][1]
    assert "SENSITIVITY LEVEL_HIGH" in attributes["irq"][1]


@pytest.mark.parametrize(("bits", "expected"), [(1, "  input wire a"), (2, "  input wire [1:0] a")])
def test_declaration(bits, expected):
    port = Port(name="a", direction="in", bits=bits)
    assert port.declaration == expected
    noted = Port(name="a", direction="in", bits=bits, attributes=("X = 1", "Y = 2"))
    assert noted.declaration == f"  (* X = 1 *)\n  (* Y = 2 *)\n{expected}"


@pytest.mark.parametrize("top", ["axi", "native"])
def test_verilog(top):
    """Every port of the core is connected once, its reset is what the reset input gives."""
    wrapper = wrapper_of(top, polarity="low", kind="async")
    text = wrapper.verilog()
    assert re.findall(r"^module (\w+)", text, re.M) == ["digits", "digits_reset"]
    core = re.search(r"  digits_core core \((.*?)\);", text, re.S)[1]
    connected = dict(re.findall(r"\.(\w+)\((\w+)\)", core))
    inner = {port.inner: port.name for port in wrapper.ports[2:]}
    opened = {name: f"open_{name}" for name in wrapper.open}
    assert connected == {"clk": wrapper.clock, "rst": "core_rst"} | inner | opened
    assert len(re.findall(r"\.\w+\(", core)) == len(connected)
    reset = re.search(r"  digits_reset reset_input \((.*?)\);\n", text)[1]
    assert reset == f".clk({wrapper.clock}), .reset({wrapper.reset_name}), .rst(core_rst)"
    assert ("wire [98:0] open_monitor;" in text) == (top == "native")


def test_same_text():
    assert wrapper_of("axi").verilog() == wrapper_of("axi").verilog()
