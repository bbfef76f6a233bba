"""Wrapper: plain Verilog around a core, with the reset and the port names of the world outside."""

from dataclasses import dataclass

from hw.integration.reset_input import ResetInput

__all__ = ["TOPS", "Port", "Wrapper"]

TOPS = ("axi", "native")
"""What a wrapper shows: AXI, or the streams and the control bus of the network engine."""

_OPEN = ("monitor",)
"""Ports that are there for testbenches alone."""
_INTERFACES = {
    "s_axi": ("aximm", "PROTOCOL AXI4LITE, DATA_WIDTH 32, ADDR_WIDTH {address_bits}"),
    "s_axis": ("axis", "TDATA_NUM_BYTES {s_axis_bytes}, HAS_TLAST 1"),
    "m_axis": ("axis", "TDATA_NUM_BYTES 4, HAS_TLAST 1"),
}


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of a wrapper.

    Parameters
    ----------
    name, direction, bits
        As in Verilog; ``in`` or ``out``.
    inner : str
        The port of the core that it is; empty for clock and reset.
    attributes : tuple of str
        Attributes of Verilog, by which Vivado groups ports to interfaces.
    """

    name: str
    direction: str
    bits: int
    inner: str = ""
    attributes: tuple[str, ...] = ()

    @property
    def declaration(self):
        """The port in a list of ports."""
        width = f"[{self.bits - 1}:0] " if self.bits > 1 else ""
        way = f"{self.direction}put wire {width}{self.name}"
        return "\n".join([*(f"  (* {text} *)" for text in self.attributes), f"  {way}"])


class Wrapper:
    """The top of an export.

    Parameters
    ----------
    name : str
        Name of its module; that of the core has ``_core`` behind, of the reset input ``_reset``.
    top : str
        One of :data:`TOPS`.
    ports : mapping
        Those of the core, as :func:`hw.engine_names.port_names` gives them.
    reset : ResetInput
        The reset that it takes.

    Attributes
    ----------
    ports : tuple of Port
        Its ports, clock and reset first.
    clock, reset_name : str
        Names of the first two.
    """

    def __init__(self, *, name, top, ports, reset):
        if top not in TOPS:
            raise ValueError(f"top must be one of {', '.join(TOPS)}: {top!r}")
        if not isinstance(reset, ResetInput):
            raise TypeError(f"reset must be a ResetInput, not {reset!r}")
        self.name, self.core, self.top, self.reset = name, f"{name}_core", top, reset
        low = "n" if reset.polarity == "low" else ""
        if top == "axi":
            self.clock, self.reset_name = "aclk", f"areset{low}"
        else:
            self.clock, self.reset_name = "clk", f"rst{'_' if low else ''}{low}"
        inner = {n: port for n, port in ports.items() if n not in _OPEN}
        named = {n: n.replace("__", "_", 1) if top == "axi" else n for n in inner}
        notes = self._attributes(inner) if top == "axi" else {}
        self.open = {n: ports[n]["bits"] for n in _OPEN if n in ports}
        self.ports = (
            Port(name=self.clock, direction="in", bits=1, attributes=tuple(notes.get("clock", ()))),
            Port(
                name=self.reset_name,
                direction="in",
                bits=1,
                attributes=tuple(notes.get("reset", ())),
            ),
            *(
                Port(
                    name=named[n],
                    direction=port["direction"],
                    bits=port["bits"],
                    inner=n,
                    attributes=tuple(notes.get(n, ())),
                )
                for n, port in inner.items()
            ),
        )

    def _attributes(self, ports):
        """What Vivado reads at each port of an AXI top."""
        sizes = {
            "address_bits": ports["s_axi__awaddr"]["bits"],
            "s_axis_bytes": ports["s_axis__tdata"]["bits"] // 8,
        }
        level, joined = self.reset.polarity.upper(), ":".join(_INTERFACES)
        clock = f"ASSOCIATED_BUSIF {joined}, ASSOCIATED_RESET {self.reset_name}"
        bus = "xilinx.com:signal"
        notes = {
            "clock": [
                f'X_INTERFACE_INFO = "{bus}:clock:1.0 {self.clock} CLK"',
                f'X_INTERFACE_PARAMETER = "{clock}"',
            ],
            "reset": [
                f'X_INTERFACE_INFO = "{bus}:reset:1.0 {self.reset_name} RST"',
                f'X_INTERFACE_PARAMETER = "POLARITY ACTIVE_{level}"',
            ],
            "irq": [
                f'X_INTERFACE_INFO = "{bus}:interrupt:1.0 irq INTERRUPT"',
                'X_INTERFACE_PARAMETER = "SENSITIVITY LEVEL_HIGH"',
            ],
        }
        begun = set()
        for name in ports:
            interface, _, pin = name.partition("__")
            if interface not in _INTERFACES:
                continue
            kind, parameters = _INTERFACES[interface]
            told = f"xilinx.com:interface:{kind}:1.0 {interface} {pin.upper()}"
            notes[name] = [f'X_INTERFACE_INFO = "{told}"']
            if interface not in begun:
                begun.add(interface)
                stated = f"XIL_INTERFACENAME {interface}, {parameters.format(**sizes)}"
                notes[name].append(f'X_INTERFACE_PARAMETER = "{stated}"')
        return notes

    def verilog(self):
        """Text of the wrapper and of its reset input."""
        joined = [f".clk({self.clock})", ".rst(core_rst)"]
        joined += [f".{port.inner}({port.name})" for port in self.ports if port.inner]
        joined += [f".{name}(open_{name})" for name in self.open]
        wires = "".join(f"  wire [{bits - 1}:0] open_{n};\n" for n, bits in self.open.items())
        declared = ",\n".join(port.declaration for port in self.ports)
        connections = ",\n".join(f"    {each}" for each in joined)
        return (
            f"module {self.name} (\n{declared}\n);\n"
            f"  wire core_rst;\n{wires}"
            f"  {self.name}_reset reset_input (.clk({self.clock}), "
            f".reset({self.reset_name}), .rst(core_rst));\n"
            f"  {self.core} core (\n{connections}\n  );\nendmodule\n\n"
            + self.reset.verilog(f"{self.name}_reset")
        )
