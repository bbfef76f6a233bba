"""Constraints: files for place and route, with the clock stated and every pin to be filled in."""

__all__ = ["constraint_files"]


def constraint_files(wrapper, *, clock_mhz):
    """Text of the constraints of a wrapper by file name.

    The clock is stated, and with an asynchronous reset that its path is not timed. Of every bit of
    every port there is a line for its pin, commented out: which pins there are is the board's.

    Parameters
    ----------
    wrapper : :class:`hw.integration.wrapper.Wrapper`
        The top.
    clock_mhz : float
        The clock that must hold.

    Returns
    -------
    dict of str to str
        ``NAME.lpf`` (Lattice Diamond, nextpnr-ecp5), ``NAME.pcf`` (nextpnr-ice40), ``NAME.xdc``
        (Vivado), ``NAME.sdc`` (Quartus, Radiant, and others that read SDC).
    """
    if not clock_mhz > 0:  # nor what is no number
        raise ValueError(f"clock_mhz must be positive, not {clock_mhz}")
    writers = {"lpf": _lpf, "pcf": _pcf, "xdc": _xdc, "sdc": _sdc}
    return {f"{wrapper.name}.{end}": write(wrapper, clock_mhz) for end, write in writers.items()}


def _bits(wrapper):
    """Name of every bit of every port, as tools write it."""
    for port in wrapper.ports:
        if port.bits == 1:
            yield port.name
        else:
            yield from (f"{port.name}[{bit}]" for bit in range(port.bits))


def _lines(comment, head, stated, pins):
    note = f"{comment} {head}\n"
    told = f"\n{comment} Pins: take the comments away and fill in those of the board.\n"
    return (
        note
        + "".join(f"{line}\n" for line in stated)
        + told
        + "".join(f"{comment} {line}\n" for line in pins)
    )


def _lpf(wrapper, clock_mhz):
    stated = [f'FREQUENCY PORT "{wrapper.clock}" {clock_mhz:g} MHZ;']
    if wrapper.reset.kind == "async":
        stated.append(f'BLOCK PATH FROM PORT "{wrapper.reset_name}";')
    pins = [
        f'LOCATE COMP "{bit}" SITE "?"; IOBUF PORT "{bit}" IO_TYPE=LVCMOS33;'
        for bit in _bits(wrapper)
    ]
    return _lines(
        "#", f"Constraints of {wrapper.name} for Lattice Diamond and nextpnr-ecp5.", stated, pins
    )


def _pcf(wrapper, clock_mhz):
    stated = [f"set_frequency {wrapper.clock} {clock_mhz:g}"]
    pins = [f"set_io {bit} ?" for bit in _bits(wrapper)]
    return _lines("#", f"Constraints of {wrapper.name} for nextpnr-ice40.", stated, pins)


def _timing(wrapper, clock_mhz):
    clock, period = wrapper.clock, 1000 / clock_mhz
    lines = [f"create_clock -name {clock} -period {period:.3f} [get_ports {clock}]"]
    if wrapper.reset.kind == "async":
        lines.append(f"set_false_path -from [get_ports {wrapper.reset_name}]")
    return lines


def _xdc(wrapper, clock_mhz):
    pins = [
        f"set_property -dict {{PACKAGE_PIN ? IOSTANDARD LVCMOS33}} [get_ports {{{bit}}}]"
        for bit in _bits(wrapper)
    ]
    head = f"Constraints of {wrapper.name} for Vivado; leave them out if it is a part of a design."
    return _lines("#", head, _timing(wrapper, clock_mhz), pins)


def _sdc(wrapper, clock_mhz):
    head = f"# Timing of {wrapper.name} for Quartus, Radiant and other tools that read SDC.\n"
    return head + "".join(f"{line}\n" for line in _timing(wrapper, clock_mhz))
