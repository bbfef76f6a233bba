"""A stage runs when its inputs changed, whatever happened before, and never otherwise."""

import pytest

from arch.errors import CheckFailed, InputError

NAMES = ["train", "search", "prune", "cosim"]
SKIPPED = [(name, "skipped") for name in NAMES]


def reasons(events):
    return {stage: reason for stage, reason in events if reason != "skipped"}


def visible(directory):
    """Files with their content, without the lock and the records' times."""
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "records" not in path.parts
    }


def test_stages_run_once(run_job, fakes):
    assert run_job() == [(name, "not done yet") for name in NAMES]
    assert run_job() == SKIPPED
    assert fakes.calls == NAMES


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (
            {"seed": 5},
            {
                "train": "seed changed",
                "prune": "output of train changed",
                "cosim": "output of prune changed",
            },
        ),
        (
            {"prune": {"ratio": 0.5}},
            {
                "search": "prune.ratio changed",
                "prune": "output of search changed",
                "cosim": "output of prune changed",
            },
        ),
        (
            {"prune": {"finetune_epochs": 3}},
            {"prune": "prune.finetune_epochs changed", "cosim": "output of prune changed"},
        ),
        ({"cosim": {"images": 3}}, {"cosim": "cosim changed"}),
        ({"geometry": {"adc_bits": 4}}, {}),
    ],
)
def test_a_change_runs_what_depends_on_it(run_job, sections, expected):
    run_job()
    assert reasons(run_job(**sections)) == expected
    assert run_job(**sections) == SKIPPED


def test_changed_code_runs_again_and_stops_where_nothing_changes(run_job, fakes):
    run_job()
    fakes.code["fake_train"] = "2"
    assert reasons(run_job()) == {"train": "the code changed"}


def test_damaged_and_removed_outputs_are_made_anew(run_job, tmp_path):
    run_job()
    before = visible(tmp_path / "run")
    (tmp_path / "run" / "train" / "out.txt").write_text("damaged")
    (tmp_path / "run" / "prune" / "extra").write_text("")
    assert reasons(run_job()) == {
        "train": "its output was changed or removed",
        "prune": "its output was changed or removed",
    }
    assert visible(tmp_path / "run") == before
    (tmp_path / "run" / "policy.yaml").unlink()
    assert reasons(run_job()) == {"search": "its output was changed or removed"}
    assert visible(tmp_path / "run") == before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"stage": "train"}', "[" * 100000])
def test_damaged_record_means_not_done(run_job, tmp_path, text):
    run_job()
    (tmp_path / "run" / "records" / "train.json").write_text(text)
    assert reasons(run_job()) == {"train": "not done yet"}


def test_until(run_job, tmp_path):
    assert [stage for stage, _ in run_job(until="search")] == ["train", "search"]
    assert not (tmp_path / "run" / "prune").exists()
    assert reasons(run_job()) == {"prune": "not done yet", "cosim": "not done yet"}


def test_force(run_job):
    run_job()
    assert reasons(run_job(force=["train"])) == {"train": "forced"}
    assert reasons(run_job(force=["all"])) == dict.fromkeys(NAMES, "forced")
    assert reasons(run_job(force=["all"], until="train")) == {"train": "forced"}


def test_wrong_names(run_job):
    with pytest.raises(InputError, match="--until x: no such stage; choose train, search, prune"):
        run_job(until="x")
    with pytest.raises(InputError, match=r"--force x: no such stage; choose .*, all"):
        run_job(force=["x"])


def test_edited_policy_is_used(run_job, fakes, tmp_path):
    run_job()
    assert fakes.edited == [set()] * 4
    policy = tmp_path / "run" / "policy.yaml"
    policy.write_text("by hand\n")
    assert reasons(run_job()) == {
        "search": "kept policy.yaml",
        "prune": "output of search changed",
        "cosim": "output of prune changed",
    }
    assert "by hand" in (tmp_path / "run" / "cosim" / "out.txt").read_text()
    assert fakes.edited[4:] == [{"search"}] * 2
    # It stays, and stays said, even if the configuration behind it changes too.
    assert reasons(run_job()) == {"search": "kept policy.yaml"}
    assert reasons(run_job(prune={"ratio": 0.1})) == {"search": "kept policy.yaml"}
    assert policy.read_text() == "by hand\n"


def test_forced_policy_is_written_anew(run_job, tmp_path):
    run_job()
    before = visible(tmp_path / "run")
    (tmp_path / "run" / "policy.yaml").write_text("by hand\n")
    run_job()
    assert reasons(run_job(force=["search"])) == {
        "search": "forced",
        "prune": "output of search changed",
        "cosim": "output of prune changed",
    }
    assert visible(tmp_path / "run") == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError, SystemExit])
@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_interrupted_stage_leaves_nothing(run_job, fakes, tmp_path, name, error, again):
    def stop(context):
        raise error

    directory = tmp_path / "run"
    if again:
        run_job()
    fakes.within[name] = stop
    with pytest.raises(error):
        run_job(force=["all"] if again else [])
    assert not any("half" in text for text in visible(directory).values())
    assert not list(directory.glob("*partial*"))
    fakes.within.clear()
    fakes.calls.clear()
    run_job()
    # What was done before is not done again: neither the stages before the interrupted one, nor
    # those whose older output, still whole, was to be replaced by force.
    assert fakes.calls == ([] if again else NAMES[NAMES.index(name) :])
    assert run_job() == SKIPPED


def test_failed_check_is_told_after_every_stage_and_every_time(run_job, fakes):
    fakes.verdict["cosim"] = CheckFailed("conv1: 3 of 64 outputs differ")
    for _ in range(2):
        with pytest.raises(CheckFailed, match="conv1: 3 of 64 outputs differ"):
            run_job()
    assert fakes.calls == NAMES
    run_job(until="prune")


def test_moved_directory_goes_on(run_job, fakes, tmp_path):
    run_job()
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    assert run_job(directory=tmp_path / "elsewhere") == SKIPPED


def test_second_run_in_one_directory_is_refused(run_job, fakes):
    def nested(context):
        with pytest.raises(InputError, match="run: another run is at work in it"):
            run_job()

    fakes.within["train"] = nested
    run_job()
    assert fakes.calls == NAMES
