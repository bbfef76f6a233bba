"""Wrappers of cores that are not there, for the tests of what is written of them."""

from hw.integration.reset_input import ResetInput
from hw.integration.wrapper import Wrapper

AXI_PORTS = {
    "s_axi__awaddr": {"direction": "in", "bits": 13},
    "s_axi__awvalid": {"direction": "in", "bits": 1},
    "s_axi__awready": {"direction": "out", "bits": 1},
    "s_axis__tdata": {"direction": "in", "bits": 32},
    "s_axis__tkeep": {"direction": "in", "bits": 4},
    "m_axis__tdata": {"direction": "out", "bits": 32},
    "irq": {"direction": "out", "bits": 1},
}
NATIVE_PORTS = {
    "i__payload": {"direction": "in", "bits": 8},
    "i__valid": {"direction": "in", "bits": 1},
    "monitor": {"direction": "out", "bits": 99},
}


def wrapper_of(top, *, name="digits", **reset):
    """A wrapper of a few ports."""
    ports = AXI_PORTS if top == "axi" else NATIVE_PORTS
    return Wrapper(name=name, top=top, ports=ports, reset=ResetInput(**reset))
