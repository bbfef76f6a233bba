# amaranth: UnusedElaboratable=no
"""The memory of a trace is block RAM, and its queue is not."""

import json

import pytest
from amaranth.back import verilog

from hw.engine_names import port_names
from hw.fpga.synthesis import synthesise
from hw.link.trace import Trace
from tests.hw.link.test_trace import SHAPE


@pytest.mark.parametrize(("events", "block_rams"), [(16, 2), (512, 2)])
def test_memory_is_block_ram(events, block_rams, tmp_path):
    """Two of 36 bits hold up to 512 events."""
    trace = Trace(SHAPE, events=events)
    text = verilog.convert(trace, name="trace", emit_src=False, strip_internal_attrs=True)
    # What is called `monitor` is left open by the wrapper; here it is all that comes in.
    (tmp_path / "trace.v").write_text(text.replace("monitor", "watched"))
    ports = {name.replace("monitor", "watched"): port for name, port in port_names(trace).items()}
    names = {"top": "trace", "clock": "clk", "reset": {"name": "rst"}, "ports": ports}
    (tmp_path / "names.json").write_text(json.dumps(names))
    (tmp_path / "work").mkdir()
    found = synthesise(tmp_path, tmp_path / "work")
    memories = {memory.name: memory for memory in found.memories}
    assert set(memories) == {"memory", "queue.payloads"}
    assert (memories["memory"].block_rams, memories["memory"].memory_luts) == (block_rams, 0)
    assert not memories["queue.payloads"].block_rams
    assert found.netlist.total().multipliers == 0
