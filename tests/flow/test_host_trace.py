"""What ``ohmforge host DIR trace`` is told, and what it says."""

import pytest

from arch.errors import InputError
from arch.trace_event import SELECTABLE, EventKind
from flow.host_trace import kinds_of, save_path, steps_of, trace_lines
from host.target import Target
from tests.host.small_device import tables_of

FOUND = {
    "image": 3,
    "from": "the test set",
    "events": 512,
    "cycles": 900,
    "lost": 0,
    "full": False,
    "last_step": "conv",
    "files": ["a.vcd", "a.gtkw"],
    "problem": "",
}
WROTE = "wrote a.vcd and a.gtkw (gtkwave a.gtkw)"


def test_kinds():
    assert EventKind.RESULT not in kinds_of(None)
    assert len(kinds_of(None)) == len(SELECTABLE) - 1
    assert kinds_of("ou, result") == (EventKind.OU, EventKind.RESULT)
    with pytest.raises(InputError, match=r"^--kinds: no kind 'time'; choose of image,step,cause,"):
        kinds_of("image,time")


def test_steps():
    target = Target.of(tables_of())
    assert steps_of(target, None) == (0, 2)
    assert steps_of(target, "conv") == (1, 1)
    assert steps_of(target, "2") == (2, 2)
    with pytest.raises(InputError, match=r"^--step: the network has no step 'x'; choose of input,"):
        steps_of(target, "x")


def test_the_save_file_is_another_file(tmp_path):
    assert save_path(tmp_path / "a.vcd") == tmp_path / "a.gtkw"
    with pytest.raises(InputError, match=r"^--output: a\.gtkw is what the save file is called; "):
        save_path(save_path(tmp_path / "a.vcd").relative_to(tmp_path))


def test_lines():
    assert trace_lines(FOUND) == ["512 events in 900 cycles, image 3 of the test set", WROTE]
    lines = trace_lines(FOUND | {"full": True, "lost": 7})
    assert lines[1].startswith("the trace is full, in step conv: choose ")
    assert lines[2].startswith("7 events came too fast and are missing: ")
    assert lines[3] == WROTE
