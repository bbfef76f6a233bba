"""A report that follows its schema, whatever its values, gives a page or one line."""

import copy
import json

import numpy as np
import pytest

from arch.errors import InputError
from flow.page import render_page
from flow.page.open_run import open_run
from flow.page.run import Run
from flow.report_file import read_report
from tests.flow.page.finished_run import write_run

REMOVED = object()
VALUES = (REMOVED, 0, 1, -1, 10**30, 1e300, float("nan"), 0.5, None, "x", [], {}, True)
TRIES = 250


def places(value, path=()):
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        entries = enumerate(value)
    for name, entry in entries:
        yield from places(entry, (*path, name))


def test_any_value_anywhere(tmp_path):
    directory = write_run(tmp_path / "run", search={"agent": "random", "episodes": 30})
    run = open_run(directory)
    rng = np.random.default_rng(0)
    everywhere = list(places(run.report))
    rendered = refused = 0
    for _ in range(TRIES):
        path = everywhere[rng.integers(len(everywhere))]
        value = VALUES[rng.integers(len(VALUES))]
        report = copy.deepcopy(dict(run.report))
        target = report
        for part in path[:-1]:
            target = target[part]
        if value is REMOVED:
            del target[path[-1]]
        else:
            target[path[-1]] = value
        (tmp_path / "report.json").write_text(json.dumps(report))
        try:
            known = {"configuration": {}, **read_report(tmp_path / "report.json")}
        except InputError:
            refused += 1
            continue
        tables = run.tables if path[:1] != ("layers",) else None  # open_run compares them
        render_page(Run(report=known, tables=tables, search=run.search))
        rendered += 1
    assert min(rendered, refused) > TRIES / 10


def test_other_layers_than_the_tables(tmp_path):
    directory = write_run(tmp_path / "run")
    path = directory.path / "report.json"
    path.write_text(path.read_text().replace('"name": "scores"', '"name": "others"'))
    directory.forget("report")  # which knows how it was written
    with pytest.raises(InputError, match=r"report\.json: is of other layers than the mapping"):
        open_run(directory)
