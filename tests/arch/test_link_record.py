"""Record of a link: comes back as it was; a damaged one is refused, whatever is wrong."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.errors import InputError
from arch.link_record import link_from_record, link_record, read_link
from arch.link_shape import LinkShape

LINK = LinkShape(
    clock_hz=50_000_000,
    baud=115_200,
    payload_max=256,
    image_bytes=1024,
    results=16,
    idle_bits=300,
    trace_events=64,
    probe=True,
    build=0xFFFFFFFF,
)
RECORD = link_record(LINK, board="ulx3s-85f")


def test_comes_back(tmp_path):
    """Every field, as a record and out of a file."""
    assert link_from_record(RECORD, origin="here") == (LINK, "ulx3s-85f")
    path = tmp_path / "link.json"
    path.write_text(json.dumps(RECORD))
    assert read_link(path) == (LINK, "ulx3s-85f")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"baud": 0}, "no 0 bits a second with a clock of 50000000 Hz"),
        ({"baud": 0.5}, "baud must be of type <class 'int'>"),
        ({"baud": True}, "baud must be of type <class 'int'>"),
        ({"probe": 1}, "probe must be of type <class 'bool'>"),
        ({"board": "../x"}, "board must be at most 64 letters, digits and _.-"),
        ({"board": None}, "board must be at most 64 letters, digits and _.-"),
        (
            {"payload_max": 1 << 70},
            f"payload_max must be a power of two, 64 to 1024, not {1 << 70}",
        ),
        ({"build": -1}, "build must be 32 bits"),
    ],
)
def test_wrong_values(changes, reason):
    message = f"^here: the sizes of the link are damaged: {re.escape(reason)}$"
    with pytest.raises(InputError, match=message):
        link_from_record(RECORD | changes, origin="here")


@pytest.mark.parametrize("record", [None, [], 3, {}, RECORD | {"more": 1}, {"board": ""}])
def test_other_fields(record):
    with pytest.raises(InputError, match=r"^here: the sizes of the link are damaged: it must have"):
        link_from_record(record, origin="here")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(RECORD)), JSON)
def test_any_value(name, value):
    """Either a link, or one line that says what is wrong."""
    try:
        link, _board = link_from_record(RECORD | {name: value}, origin="here")
    except InputError:
        return
    assert isinstance(link, LinkShape)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 60_000, b"NaN"])
def test_other_files(content, tmp_path):
    """Text that is no record, or nested so deeply that a parser gives up."""
    path = tmp_path / "link.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"link\.json"):
        read_link(path)


def test_large_file(tmp_path):
    path = tmp_path / "link.json"
    path.write_bytes(b" " * 70_000)
    with pytest.raises(InputError, match="has 70000 bytes, at most 65536 are expected"):
        read_link(path)


@pytest.mark.parametrize("board", ["a" * 65, "a b", "a\n"])
def test_wrong_board(board):
    with pytest.raises(ValueError, match=r"^board must be at most 64 letters, digits and _.-, not"):
        link_record(LINK, board=board)
