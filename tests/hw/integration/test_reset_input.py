"""Reset input: four kinds of a reset; tests/cosim/test_resets.py simulates them."""

import pytest

from hw.integration.reset_input import KINDS, POLARITIES, ResetInput


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("polarity", POLARITIES)
def test_verilog(polarity, kind):
    text = ResetInput(polarity=polarity, kind=kind).verilog("name_reset")
    assert "module name_reset (" in text
    assert ("!reset" in text) == (polarity == "low")
    edge = {"low": "negedge reset", "high": "posedge reset"}[polarity]
    assert (edge in text) == (kind == "async")
    assert f"// Reset input: {kind}hronous, active {polarity} outside" in text


def test_wrong_kinds():
    with pytest.raises(ValueError, match=r"^polarity must be one of low, high: 'up'$"):
        ResetInput(polarity="up")
    with pytest.raises(ValueError, match=r"^kind must be one of sync, async: 'both'$"):
        ResetInput(kind="both")
