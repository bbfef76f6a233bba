"""Pages of runs of every kind: each section says what was built, and nothing that was not."""

import copy
import html
import re

import pytest
import yaml

from arch.geometry import Geometry
from flow.configuration import Configuration
from flow.page import render_page
from flow.page.open_run import open_run
from flow.page.run import Run
from flow.read_configuration import read_configuration
from tests.flow.page.finished_run import forget, write_run
from tests.sw.integer_layers import residual_network, small_network


def text_of(page):
    """What is left without tags, in one line."""
    body = page.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def sections(page):
    return re.findall(r'<section id="(\w+)"', page)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The text of a run with the defaults."""
    return text_of(render_page(open_run(write_run(tmp_path_factory.mktemp("plain") / "run"))))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "1 tile; crossbar emulated; tables baked; bit planes without a one are issued"),
        (
            {"hardware": {"crossbar": "macro", "macro_latency": 5}},
            "crossbar macro, 5 cycles from a sample to its codes; tables baked",
        ),
        ({"hardware": {"tables": "loadable"}}, "crossbar emulated; tables loadable"),
        ({"hardware": {"tiles": 4}}, "4 tiles; crossbar emulated"),
        ({"hardware": {"tiles": 4}}, "Idle cycles are those of all tiles."),
        ({"hardware": {"skip_zero_planes": True}}, "bit planes without a one are skipped"),
        ({"hardware": {"skip_zero_planes": True}}, "Test image 2, by the model"),
        ({"geometry": {"encoding": "differential"}}, "each picture stands for a pair"),
        ({"prune": {"scheme": "row_vector"}}, "from the first columns of the matrix to the last"),
        ({}, "from the first rows of the matrix to the last"),
        ({"cosim": {"positions": 5}}, "5 output positions of each layer"),
        ({"cosim": {"stall": "none"}}, "every output position; without stalls the whole network"),
    ],
)
def test_what_was_built(tmp_path, plain, fields, expected):
    text = text_of(render_page(open_run(write_run(tmp_path / "run", **fields))))
    assert expected in text
    assert not re.findall(r"[a-z)][.,;:][A-Za-z]\w+ ", text.partition("Origin SHA")[0])
    assert (expected in plain) == (fields == {})


def test_residual(tmp_path):
    """Operations between the layers are steps; all steps of an image are one after the other."""
    network = residual_network(Geometry())
    page = render_page(open_run(write_run(tmp_path / "run", network=network)))
    steps = re.findall(r"<title>(\w+): cycles ([\d,]+) to ([\d,]+),", page)
    assert [name for name, *_ in steps] == ["input", "short", "conv", "sum", "average", "scores"]
    assert [first for _, first, _ in steps] == ["0", *(last for *_, last in steps[:-1])]


def test_without_search(tmp_path):
    assert "search" not in sections(render_page(open_run(write_run(tmp_path / "run"))))


def test_search_without_winner(tmp_path):
    directory = write_run(tmp_path / "run", search={"agent": "tpe", "episodes": 30})
    run = open_run(directory)
    search = run.report["search"] | {"winner": None, "problem": "no policy loses <at most> 1"}
    report = {**run.report, "search": search}
    text = text_of(render_page(Run(report=report, tables=run.tables, search=run.search)))
    assert "none keeps the accuracy, so nothing was pruned. no policy loses <at most> 1" in text
    assert "chosen" not in text
    without_log = Run(report=report, tables=run.tables)
    assert "Reward over episodes" not in render_page(without_log)


def test_mismatches(tmp_path):
    """What went wrong is the first thing that is said."""
    page = render_page(open_run(write_run(tmp_path / "run", wrong=3)))
    assert '<p class="verdict wrong">6 of 29,011 outputs of the RTL differ' in page
    assert page.count(' lost">') == 2 + 1 + 2  # cycles, the comparison, layers


def test_the_only_image_waited(tmp_path):
    """What the run took to begin counts with its first step; that is no fault of the hardware."""
    run = open_run(write_run(tmp_path / "run"))
    network = copy.deepcopy(run.report["cosim"]["network"]) | {"images": 1}
    network["steps"][0]["cycles_rtl"] += 47
    report = {**run.report, "cosim": {**run.report["cosim"], "network": network}}
    page = render_page(Run(report=report, tables=run.tables))
    assert "It was the only image" in page
    assert 'lost">' not in page
    network["images"] = 2
    page = render_page(Run(report=report, tables=run.tables))
    assert page.count('lost">47<') == 1


def test_cycles_differ(tmp_path):
    run = open_run(write_run(tmp_path / "run"))
    layers = [dict(layer) for layer in run.report["layers"]]
    layers[1]["cycles_rtl"] += 1
    page = render_page(Run(report={**run.report, "layers": layers}, tables=run.tables))
    assert '<p class="verdict wrong">All 29,011 outputs' in page
    assert "but cycles differ in scores." in page


def test_everything_pruned(tmp_path):
    """A layer of no crossbar; no bar and no share is divided by zero."""
    network = small_network(Geometry(), ratio=1.1)
    page = render_page(open_run(write_run(tmp_path / "run", network=network)))
    assert page.count("no crossbar: every segment is pruned") == 2


def test_unfinished_sections(tmp_path):
    directory = write_run(tmp_path / "run")
    forget(directory, "verilog", "cosim", "report")
    page = render_page(open_run(directory))
    assert sections(page) == [
        "summary", "accuracy", "layers", "crossbars", "index", "activity", "origin",
    ]  # fmt: skip
    assert "Not cosimulated" in page
    forget(directory, "search", "prune", "quantise", "map")
    page = render_page(open_run(directory))
    assert sections(page) == ["summary", "accuracy", "origin"]


def test_planes_skipped_before_cosimulation(tmp_path):
    """Cycles depend on the images then: nothing is said of them."""
    directory = write_run(tmp_path / "run", hardware={"skip_zero_planes": True})
    forget(directory, "cosim", "report")
    assert "activity" not in sections(render_page(open_run(directory)))


def configuration_on(page):
    return html.unescape(re.search(r'<pre class="configuration"><code>(.*?)</code>', page, re.S)[1])


@pytest.mark.parametrize(
    "fields",
    [
        {
            "hardware": {"tiles": 2},
            "search": {"agent": "random", "episodes": 30, "max_ratio": {"conv": 0.5}},
            "data": {"kind": "npz", "path": "a 'strange': place/#1.npz"},
        },
        {"model": {"kind": "torch", "source": "net.py:make_net", "on_host": ["tail"]}},
        {"model": {"kind": "onnx", "path": "net.onnx"}, "data": {"kind": "digits"}},
    ],
)
def test_configuration_repeats_the_run(tmp_path, fields):
    """The text on the page, saved as a file, is the configuration."""
    text = configuration_on(render_page(open_run(write_run(tmp_path / "run", **fields))))
    (tmp_path / "again.yaml").write_text(text)
    assert read_configuration(tmp_path / "again.yaml") == Configuration(name="small", **fields)
    assert list(yaml.safe_load(text))[:3] == ["name", "seed", "device"]


def test_same_page_from_the_same_tables(tmp_path):
    """Nothing of the page depends on where or when it is made."""
    first, second = (render_page(open_run(write_run(tmp_path / name))) for name in "ab")
    assert first == second
    assert str(tmp_path) not in first
