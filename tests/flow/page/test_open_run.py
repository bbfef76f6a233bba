"""What a page is made of: the whole report, or as much as is there and belongs together."""

import json
import shutil

import pytest

from arch.errors import InputError
from flow import cli
from flow.content_hash import hash_files
from flow.page import PAGE, render_page
from flow.page.open_run import open_run
from flow.run_directory import RunDirectory
from flow.stages import STAGES
from tests.flow.page.finished_run import forget, write_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return write_run(
        tmp_path_factory.mktemp("finished") / "run", search={"agent": "random", "episodes": 30}
    )


@pytest.fixture
def directory(finished, tmp_path):
    """A copy, to be changed."""
    shutil.copytree(finished.path, tmp_path / "run")
    return RunDirectory.open(tmp_path / "run")


def record_outputs(directory, name):
    """The record as if the stage had written what is there now, from nothing."""
    stage = next(stage for stage in STAGES if stage.name == name)
    outputs = {}
    for place in filter(None, (stage.output, stage.details)):
        outputs |= hash_files(directory.path / place)
    path = directory.path / "records" / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}, "outputs": outputs}))


def test_finished(finished):
    run = open_run(finished)
    assert run.missing == ()
    assert run.report == json.loads((finished.path / "report.json").read_text())
    assert run.tables.sha256 == run.report["hashes"]["tables"]
    assert [policy.number for policy in run.search.episodes] == list(range(30))
    assert run.search.finalists[0].scale == 0.75


def test_page_of_the_stage_is_that_of_the_command(finished, directory, capsys):
    """The same run gives the same bytes, wherever it is."""
    written = (finished.path / PAGE).read_bytes()
    assert render_page(open_run(directory)).encode() == written
    (directory.path / PAGE).unlink()
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(directory.path)])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.splitlines()[-1] == f"page          {directory.path / PAGE}"
    assert (directory.path / PAGE).read_bytes() == written


@pytest.mark.parametrize(
    ("last", "keys"),
    [
        ("train", {"images"}),
        ("search", {"search"}),
        ("prune", set()),
        ("quantise", set()),
        ("map", {"geometry", "layers", "totals"}),
        ("verilog", {"hardware"}),
        ("cosim", {"cosim", "image_cycles", "image_steps"}),
    ],
)
def test_unfinished(directory, last, keys, capsys):
    """Each stage adds its keys; the command says what is missing, and writes a page."""
    names = ["train", "search", "prune", "quantise", "map", "verilog", "cosim", "report"]
    missing = names[names.index(last) + 1 :]
    forget(directory, *missing)
    run = open_run(directory)
    assert run.missing == tuple(missing)
    assert keys <= set(run.report)
    assert (run.tables is None) == ("map" in missing)
    assert (run.search is None) == (last == "train")
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(directory.path)])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.splitlines()[0] == (
        f"no report.json, or an old one: {', '.join(missing)} not done, or not up to date"
    )
    page = (directory.path / PAGE).read_text()
    assert f"The run is not finished: {', '.join(missing)}" in page


def test_other_tables_under_an_old_report(directory):
    """Figures of two states are never mixed."""
    accuracy = directory.path / "quantise" / "accuracy.json"
    accuracy.write_text(accuracy.read_text() + " ")
    record_outputs(directory, "quantise")
    run = open_run(directory)
    assert run.missing == ("map", "verilog", "cosim", "report")
    assert "cosim" not in run.report


def test_edited_policy(directory):
    """What was made from the policy before is left out until the run goes on."""
    policy = directory.path / "policy.yaml"
    policy.write_text(policy.read_text().replace("0.6", "0.7"))
    run = open_run(directory)
    assert run.missing == ("prune", "quantise", "map", "verilog", "cosim", "report")
    assert run.report["search"]["edited"]


def test_report_alone(finished, tmp_path):
    """A report that somebody sent: its figures, without pictures."""
    (tmp_path / "run").mkdir()
    for name in ("ohmforge.json", "report.json"):
        shutil.copy(finished.path / name, tmp_path / "run")
    run = open_run(RunDirectory.open(tmp_path / "run"))
    assert (run.missing, run.tables, run.search) == ((), None, None)
    page = render_page(run)
    assert 'id="crossbars"' not in page
    assert 'id="activity"' in page


def test_report_of_an_earlier_version(directory):
    """Without the keys that were added later; the closed form tells the steps."""
    path = directory.path / "report.json"
    report = json.loads(path.read_text())
    for name in ("configuration", "image_steps", "image_cycles", "hardware"):
        del report[name]
    for name in ("network",):
        del report["cosim"][name]
    path.write_text(json.dumps(report))
    record_outputs(directory, "report")
    run = open_run(directory)
    assert run.report["configuration"]["name"] == "small"
    page = render_page(run)
    assert "By the closed form, which holds for every image" in page


def test_nothing_done(tmp_path):
    with pytest.raises(InputError, match="no stage is done"):
        open_run(RunDirectory.create(tmp_path / "run"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("report.json", "{}", r"report\.json: is not a report"),
        ("map/tables/manifest.json", "{}", r"manifest\.json"),
        ("search/log.jsonl", "{}\n", r"log\.jsonl: line 1 is not of a search's log"),
    ],
)
def test_damaged(directory, name, text, message):
    (directory.path / name).write_text(text)
    for stage in ("search", "prune", "map", "verilog", "cosim", "report"):
        record_outputs(directory, stage)
    with pytest.raises(InputError, match=message) as caught:
        open_run(directory)
    assert "\n" not in str(caught.value)
