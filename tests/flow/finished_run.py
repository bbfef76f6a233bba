"""Run directories that look finished, without the work."""

import json
from dataclasses import replace

from arch.geometry import Geometry
from arch.table_files import save
from flow.content_hash import hash_files, hash_value
from flow.report_file import write_report
from flow.run_directory import Record, RunDirectory
from flow.stages import STAGES
from sw.mapping import map_network
from tests.flow.test_report import REPORT
from tests.sw.integer_layers import small_network

__all__ = ["finish", "write_finished"]

VERILOG = "module layer_engine;\n  wire a;\nendmodule\n"


def write_finished(path, *, report=REPORT, configuration=None, verilog=None, files=None):
    """A run directory of which every stage is done.

    ``configuration`` are values by dotted path, ``files`` hashes of what they name, ``verilog``
    files by name.
    """
    directory = RunDirectory.create(path)
    geometry = Geometry()
    tables = map_network(small_network(geometry), geometry)
    for stage in STAGES:
        place = path / stage.output
        if stage.name == "map":
            place.mkdir()
            tables = save(tables, place / "tables")
        elif stage.name == "verilog":
            for name, text in (verilog or {"layer_engine.v": VERILOG}).items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text)
            (place / "hash.json").write_text("{}")
        elif stage.name == "report":
            write_report(place, report)
        elif place.suffix:
            place.write_text("schema: 1\nscheme: column_vector\nratios: {conv: 0.5, fc: 0.5}\n")
        else:
            place.mkdir()
            (place / "output.json").write_text("{}")
        if stage.details:
            (path / stage.details).mkdir()
            (path / stage.details / "summary.json").write_text("{}")
    finish(directory, configuration or {"seed": 0, "prune": {"ratio": 0.5}}, files or {})
    return path


def finish(directory, configuration, files):
    """Write the records of what is there."""
    outputs = {stage.name: directory.path / stage.output for stage in STAGES}
    outputs |= {f"{s.name}.details": directory.path / s.details for s in STAGES if s.details}
    (directory.path / "records").mkdir(exist_ok=True)
    for stage in STAGES:
        record = Record(
            stage=stage.name,
            configuration=configuration,
            files={need: hash_value(hash_files(outputs[need])) for need in stage.needs}
            | {name: files[name] for name in stage.opens if name in files},
            code="",
            outputs=hash_files(outputs[stage.name])
            | hash_files(outputs.get(f"{stage.name}.details", directory.path / "none")),
            seconds=1.0,
        )
        path = directory.path / "records" / f"{stage.name}.json"
        path.write_text(json.dumps(vars(replace(record))))
