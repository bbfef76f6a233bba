"""Pin wrapper: a top of four pins around an engine, so that it can be placed alone."""

__all__ = ["ENGINE", "WRAPPER", "pin_wrapper"]

WRAPPER = "pins"
"""Name of the top module."""
ENGINE = "dut"
"""Name of the engine in it."""

_OPEN = ("monitor",)
"""Ports that are there for testbenches alone: what drives only them is no part of the product."""


def pin_wrapper(names):
    """Verilog of a top that connects an engine to a clock, a reset, and one pin either way.

    Inputs come from a shift register, outputs are joined in another: every port of the engine ends
    at a flip-flop, as behind a bus or a link, and nothing can be left out as unused. Codes of a
    crossbar macro, which is analog, are what its pins were before; its pins count as outputs.

    Parameters
    ----------
    names : dict
        Contents of the ``names.json`` of the engine.

    Returns
    -------
    str
        Module :data:`WRAPPER`, with the engine as :data:`ENGINE`.
    """
    ports = {name: port for name, port in names["ports"].items() if name not in _OPEN}
    given = _places(ports, "in")
    shown = _places(ports, "out")
    connections = [f".{names['clock']}(clk)", f".{names['reset']['name']}(rst)"]
    connections += [f".{name}(given[{high}:{low}])" for name, low, high in given]
    connections += [f".{name}(shown[{high}:{low}])" for name, low, high in shown]
    connections += [f".{name}()" for name in _OPEN if name in names["ports"]]
    inputs, outputs = (places[-1][2] + 1 for places in (given, shown))
    return "\n".join(
        [
            f"module {WRAPPER}(input clk, input rst, input d, output reg q);",
            f"  reg [{inputs - 1}:0] given;",
            f"  wire [{outputs - 1}:0] shown;",
            f"  reg [{outputs - 1}:0] seen;",
            "  always @(posedge clk) begin",
            "    given <= {given, d};",
            "    seen <= shown ^ {seen, 1'b0};",
            f"    q <= seen[{outputs - 1}];",
            "  end",
            f"  {names['top']} {ENGINE}(",
            ",\n".join(f"    {connection}" for connection in connections),
            "  );",
            "endmodule",
            *_stand_in(names.get("macro")),
            "",
        ]
    )


def _places(ports, direction):
    """Name, lowest and highest bit of each port of a direction, one behind the other."""
    places, low = [], 0
    for name, port in ports.items():
        if port["direction"] == direction:
            places.append((name, low, low + port["bits"] - 1))
            low += port["bits"]
    return places


def _stand_in(macro):
    """What takes the place of a crossbar macro: its codes are its pins, a cycle later."""
    if macro is None:
        return []
    pins = macro["pins"]
    ranges = {name: f"[{pin['bits'] - 1}:0] " for name, pin in pins.items()}
    driven = [name for name, pin in pins.items() if pin["direction"] == "in"]
    codes = [name for name, pin in pins.items() if pin["direction"] == "out"]
    width = sum(pins[name]["bits"] for name in driven)
    lines = [f"module {macro['module']}(input {macro['clock']}"]
    lines += [f"  , input {ranges[name]}{name}" for name in driven]
    lines += [f"  , output {ranges[name]}{name}" for name in codes]
    lines += [");", f"  reg [{width - 1}:0] held;"]
    lines += [f"  always @(posedge {macro['clock']}) held <= {{{', '.join(driven)}}};"]
    for name in codes:
        copies = -(-pins[name]["bits"] // width)
        lines += [f"  assign {name} = {{{copies}{{held}}}};"]
    return [*lines, "endmodule"]
