import pytest

from sw.search.evaluation import Evaluation
from sw.search.journal import Journal

FIRST, SECOND = Evaluation(accuracy=0.5, seconds=1.5), Evaluation(accuracy=0.75, seconds=2.0)


@pytest.fixture
def path(tmp_path):
    """A journal of an interrupted search."""
    path = tmp_path / "evaluations.jsonl"
    journal = Journal(path, key="k")
    journal.add("search", (3, 4), FIRST)
    journal.add("final", (3, 4), SECOND)
    return path


def test_found_again(path):
    journal = Journal(path, key="k")
    assert journal.remembered_seconds == 0
    assert journal.find("search", (3, 4)) == FIRST
    assert journal.find("final", [3, 4]) == SECOND
    assert journal.find("search", (4, 3)) is None
    assert journal.remembered_seconds == 3.5
    journal.find("final", (3, 4))
    assert journal.remembered_seconds == 3.5, "each is counted once"


def test_found_where_it_was_added(path):
    """No evaluation is made twice in one run; no time of this run is counted as that of another."""
    journal = Journal(path, key="k")
    journal.add("final", (1, 1), FIRST)
    assert journal.find("final", [1, 1]) == FIRST
    assert journal.remembered_seconds == 0


def test_every_evaluation_is_on_disk_at_once(path):
    journal = Journal(path, key="k")
    journal.add("search", (1, 1), FIRST)
    # Nothing is closed: as if the process were killed here.
    assert Journal(path, key="k").find("search", (1, 1)) == FIRST


def test_other_search_begins_anew(path):
    assert Journal(path, key="other").find("search", (3, 4)) is None
    assert Journal(path, key="k").find("search", (3, 4)) is None


def test_finished_search_begins_anew(path):
    Journal(path, key="k").finish()
    assert Journal(path, key="k").find("search", (3, 4)) is None


def test_cut_off_anywhere(path):
    """Whatever was written of the last line when the process was killed, it can be gone on with."""
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        journal = Journal(path, key="k")
        last = journal.find("final", (3, 4))
        journal.add("final", (3, 4), SECOND)
        assert last is None
        assert Journal(path, key="k").find("final", (3, 4)) == SECOND


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"kind": 1}',
        "\x00\xff",
        "[" * 99999,
        '{"accuracy": 1}',
        '{"kind": "final", "kept": [3, 4], "accuracy": 1, "divergence": null, "seconds": null}',
        '{"kind": "final", "kept": [3, 4], "accuracy": "x", "divergence": 0, "seconds": 1}',
    ],
)
def test_damaged_line_ends_what_is_read(path, line):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], line, lines[2]]) + "\n")
    journal = Journal(path, key="k")
    assert journal.find("search", (3, 4)) == FIRST
    assert journal.find("final", (3, 4)) is None
