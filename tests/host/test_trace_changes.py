"""Events as changes of variables, and as a waveform that is read back."""

import random
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from vcd.reader import TokenKind, tokenize

from arch.engine_error import Error
from arch.trace_event import CAUSES, EventKind, TraceEvent
from host.trace_changes import NOTHING, UNKNOWN, Change, trace_changes
from host.trace_names import NO_OU, TraceNames
from host.waveform import write_save_file, write_vcd

NAMES = TraceNames(steps=("input", "conv1", "fc"), ous=((0, 2, 4, 0), (1, 3, NO_OU)))
BEGINS, ENDS = 1 << 16, 1 << 17


def event(cycle, kind, data=0, tile=0):
    return TraceEvent(cycle=cycle, kind=EventKind[kind], tile=tile, data=data)


def ou(cycle, *planes, address=0, ends=0, tile=0):
    data = sum(1 << plane for plane in planes) | ends << 8 | address << 9
    return event(cycle, "OU", data, tile)


def values(events, name):
    """Cycle and value of every change of a variable."""
    return [(c.cycle, c.value) for c in trace_changes(events, NAMES) if c.name == name]


def test_an_ou_is_told_of_when_it_ends():
    """Two OUs without a gap, one that begins before the trace, one whose address is unknown."""
    events = [event(2, "CAUSE"), ou(3, 4, 3, 2, 1, 0), ou(5, 7, 1, address=2), ou(9, 0, address=9)]
    assert values(events, "tile0.ou") == [
        (0, 0),
        (2, NOTHING),
        (4, 4),
        (6, NOTHING),
        (9, UNKNOWN),
        (10, NOTHING),
    ]
    assert values(events, "tile0.plane") == [
        (0, 3),
        (1, 2),
        (2, 1),
        (3, 0),
        (4, 7),
        (5, 1),
        (6, NOTHING),
        (9, 0),
        (10, NOTHING),
    ]


def test_positions_are_counted_from_the_begin_of_a_step():
    events = [
        ou(2, 0),
        event(3, "STEP", BEGINS | 1),
        ou(5, 1, 0),
        ou(6, 0, ends=1),
        ou(7, 0),
        event(8, "STEP", ENDS | 1),
    ]
    positions = [(2, UNKNOWN), (4, 0), (6, 0), (7, 1)]
    assert values(events, "tile0.position") == positions
    assert values(events, "step") == [(3, "conv1"), (8, "conv1"), (9, NOTHING)]


def test_of_each_kind():
    events = [
        event(1, "LOAD", 1),
        event(2, "LOAD", 2),
        event(3, "IMAGE", 1),
        event(4, "CAUSE", CAUSES.index("window"), 1),
        event(5, "RESULT", 0xFFFF_FFFE, 1),
        event(6, "ERROR", Error.ADDRESS | 2 << 16),
        event(7, "ERROR", 250),
        event(8, "IMAGE", 0),
        event(9, "IMAGE", 1),
        event(9, "CAUSE", 15, 1),
        event(9, "CAUSE", 1, 9),
        event(9, "STEP", 7),
    ]
    assert values(events, "tables") == [(1, "loading"), (2, "loaded")]
    assert values(events, "image") == [(3, 1), (8, NOTHING), (9, 2)]
    assert values(events, "tile1.cause") == [(4, "window"), (9, UNKNOWN)]
    assert values(events, "tile1.result") == [(5, -2)]
    assert values(events, "error") == [(6, Error.ADDRESS.name), (7, "error 250")]
    assert values(events, "step") == [(9, "step 7")]
    assert values(events, "tile9.cause") == []


def test_nothing_is_known_in_a_gap():
    """What comes with the gap is known again; positions only with the next step."""
    events = [
        event(1, "STEP", BEGINS | 1),
        event(1, "CAUSE", 3),
        event(20, "LOST", 4),
        event(20, "STEP", 2),
        event(20, "CAUSE", 0),
        ou(21, 3, 2),
    ]
    assert values(events, "step") == [(1, "conv1"), (2, UNKNOWN), (20, "fc")]
    assert values(events, "tile0.cause") == [(1, CAUSES[3]), (2, UNKNOWN), (20, "planes")]
    assert values(events, "lost") == [(20, 4)]
    assert values(events, "tile0.ou")[1:] == [(2, UNKNOWN), (20, 0), (22, NOTHING)]
    assert values(events, "tile0.position")[-1] == (20, UNKNOWN)


def read_back(text):
    """Variables of a VCD file, and their values as (time, name, value)."""
    names, changes, time = {}, [], 0
    scopes = []
    for token in tokenize(BytesIO(text.encode())):
        if token.kind is TokenKind.SCOPE:
            scopes.append(token.data.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scopes.pop()
        elif token.kind is TokenKind.VAR:
            names[token.data.id_code] = (".".join([*scopes, token.data.reference]), token.data.size)
        elif token.kind is TokenKind.CHANGE_TIME:
            time = token.data
        elif token.kind in (TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_STRING):
            changes.append((time, names[token.data.id_code][0], token.data.value))
    return dict(names.values()), changes


CHANGES = [
    Change(cycle=1, name="step", value="a layer"),
    Change(cycle=2, name="image", value=1),
    Change(cycle=2, name="tile1.ou", value=NOTHING),
    Change(cycle=3, name="tile0.result", value=-5),
    Change(cycle=4, name="tile1.cause", value="output"),
    Change(cycle=4, name="tile1.ou", value=UNKNOWN),
    Change(cycle=9, name="step", value=NOTHING),
]


def test_a_waveform_is_read_back():
    """With a clock of 12 MHz, whose period is no whole number of picoseconds."""
    file = StringIO()
    write_vcd(file, CHANGES, tiles=2, clock_hz=12_000_000)
    _, changes = read_back(file.getvalue())
    assert [change for change in changes if change[0]] == [
        (83_333, "engine.step", "a\\x20layer"),
        (166_666, "engine.image", 1),
        (166_666, "engine.tile1.ou", "z"),
        (250_000, "engine.tile0.result", (1 << 32) - 5),
        (333_333, "engine.tile1.cause", "output"),
        (333_333, "engine.tile1.ou", "x"),
        (750_000, "engine.step", "-"),
    ]
    assert file.getvalue().rstrip().endswith("#833333")


@pytest.mark.parametrize("tiles", [1, 4])
def test_the_save_file_names_what_is_in_the_waveform(tiles):
    """Every variable, and none that there is not."""
    wave, save = StringIO(), StringIO()
    changes = [change for change in CHANGES if tiles > 1 or "tile1" not in change.name]
    write_vcd(wave, changes, tiles=tiles, clock_hz=1_000_000)
    write_save_file(save, Path("runs/x.vcd"), changes, tiles=tiles, clock_hz=1_000_000)
    sizes, _ = read_back(wave.getvalue())
    lines = save.getvalue().splitlines()
    assert '[dumpfile] "x.vcd"' in lines
    shown = [line for line in lines if line.startswith("engine.")]
    words = ("step", "error", "tables", "cause")
    strings = {name for name in sizes if name.rpartition(".")[2] in words}
    numbers = {f"{name}[31:0]" for name in sizes if name not in strings}
    assert sorted(shown) == sorted(strings | numbers)
    groups = [line[1:] for line in lines if line.startswith("-")]
    assert [g for g in groups if g in ("layer", "OU", "plane", "cause", "events")][::2] == [
        "layer",
        "OU",
        "plane",
        "cause",
        "events",
    ]


def test_any_events_make_a_waveform():
    """What a damaged device says is shown, and nothing breaks."""
    rng = random.Random(3)
    for _ in range(50):
        cycle, events = 0, []
        for _ in range(30):
            cycle += rng.choice((0, 1, 2, 1 << 40))
            kind = rng.choice(list(EventKind))
            data = rng.getrandbits(32)
            events.append(TraceEvent(cycle=cycle, kind=kind, tile=rng.randrange(16), data=data))
        changes = trace_changes(events, NAMES)
        assert [c.cycle for c in changes] == sorted(c.cycle for c in changes)
        write_vcd(StringIO(), changes, tiles=2, clock_hz=1)
    file = StringIO()
    write_vcd(file, trace_changes([], NAMES), tiles=2, clock_hz=1)
    assert "#1" in file.getvalue()
