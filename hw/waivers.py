"""Verilator lint waivers for the Verilog that Amaranth writes."""

__all__ = ["WAIVERS", "waiver_file"]

WAIVERS = {
    "CASEINCOMPLETE": "a case lists what happens; in every other case the registers hold",
    "DECLFILENAME": "all modules are in one file, and a module's name is its path in the design",
    "PROCASSINIT": "registers have an initial value, which an FPGA loads, besides their reset",
    "UNUSEDSIGNAL": "every field of a payload has a name, whether or not it is read there",
    "WIDTHEXPAND": "Amaranth has computed all widths; Yosys leaves the extension to Verilog",
    "WIDTHTRUNC": "Amaranth has computed all widths; Yosys leaves the truncation to Verilog",
}
"""Rules of ``verilator -Wall`` that the generated Verilog breaks harmlessly, with the reason."""


def waiver_file(verilog_name):
    """Text of a Verilator control file that waives :data:`WAIVERS` in the file of that name."""
    lines = ["`verilator_config"]
    for rule, reason in WAIVERS.items():
        lines += [f"// {reason}", f'lint_off -rule {rule} -file "*{verilog_name}"']
    return "\n".join(lines) + "\n"
