"""The wrapper of four pins."""

import pytest

from hw.fpga.pin_wrapper import pin_wrapper

NAMES = {
    "top": "engine",
    "clock": "clk",
    "reset": {"name": "rst"},
    "ports": {
        "i": {"direction": "in", "bits": 3},
        "o": {"direction": "out", "bits": 2},
        "ready": {"direction": "in", "bits": 1},
        "monitor": {"direction": "out", "bits": 9},
    },
}


def test_every_port_ends_at_a_flip_flop():
    text = pin_wrapper(NAMES)
    assert "reg [3:0] given;" in text
    assert "reg [1:0] seen;" in text
    assert ".i(given[2:0])" in text
    assert ".ready(given[3:3])" in text
    assert ".o(shown[1:0])" in text
    assert "engine dut(" in text


def test_the_monitor_is_left_open():
    """What drives only it is for testbenches."""
    assert ".monitor()" in pin_wrapper(NAMES)
    ports = {name: port for name, port in NAMES["ports"].items() if name != "monitor"}
    assert "monitor" not in pin_wrapper(NAMES | {"ports": ports})


@pytest.mark.parametrize(("bits", "copies"), [(3, 1), (4, 1), (9, 3)])
def test_macro_stand_in(bits, copies):
    """Codes are the pins of the cycle before, as often as it takes."""
    pins = {
        "sample": {"direction": "in", "bits": 1},
        "word_lines": {"direction": "in", "bits": 3},
        "codes": {"direction": "out", "bits": bits},
    }
    macro = {"module": "crossbar_macro", "clock": "clk", "pins": pins}
    text = pin_wrapper(NAMES | {"macro": macro})
    assert "reg [3:0] held;" in text
    assert "held <= {sample, word_lines};" in text
    assert f"assign codes = {{{copies}{{held}}}};" in text
