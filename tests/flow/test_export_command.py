"""``ohmforge export``: which engine, where to, and one line for what cannot be."""

import json

import pytest

import hw.integration.export
from arch.geometry import Geometry
from arch.table_files import load, save
from flow import cli
from flow.run_directory import MARKER
from sw.mapping import map_network
from tests.sw.integer_layers import small_network


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    place = tmp_path_factory.mktemp("tables") / "tables"
    save(map_network(small_network(Geometry()), Geometry()), place)
    return place


@pytest.fixture
def run(tables, tmp_path):
    """A run directory whose Verilog loads its tables, by its record."""
    place = tmp_path / "run"
    (place / "records").mkdir(parents=True)
    (place / "map").mkdir()
    (place / "map" / "tables").symlink_to(tables)
    (place / MARKER).write_text('{"schema": 1}')
    record = {"stage": "verilog", "configuration": {"hardware": {"tables": "loadable"}}}
    record |= {"files": {}, "code": "", "outputs": {}, "seconds": 0.0}
    (place / "records" / "verilog.json").write_text(json.dumps(record))
    return place


def ohmforge(*words):
    with pytest.raises(SystemExit) as ended:
        cli.main(["export", *map(str, words)])
    return ended.value.code


def files(place):
    return {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def test_engine_of_the_run(run, tables, tmp_path, capsys):
    """Its hardware is that of its Verilog; a second export takes the place of the first."""
    out = tmp_path / "out"
    assert ohmforge(run, "-o", out, "--stream-bytes", 4, "--reset-kind", "async") == 0
    said, errors = capsys.readouterr()
    assert said == f"{out}: module ohmforge (axi), tables {load(tables).sha256}\n"
    assert errors == ""
    names = json.loads((out / "rtl" / "names.json").read_text())
    reset = {"name": "aresetn", "kind": "asynchronous", "active": "low"}
    assert (names["load_image"], names["reset"]) == ("tables.bin", reset)
    assert names["ports"]["s_axis_tdata"]["bits"] == 32
    assert ohmforge(run, "-o", out, "--top", "native", "--name", "net", "--clock", 12) == 0
    assert (out / "net.core").is_file()
    assert not (out / "ohmforge.core").exists()
    names = json.loads((out / "rtl" / "names.json").read_text())
    assert names["reset"] == {"name": "rst", "kind": "synchronous", "active": "high"}
    assert '"clk" 12 MHZ' in (out / "constraints" / "net.lpf").read_text()


def test_tables_alone(tables, tmp_path, capsys):
    """Without a run the hardware is as by default, and that is said."""
    assert ohmforge(tables, "-o", tmp_path / "out", "--reset-polarity", "high") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{tables} has no Verilog yet: the hardware is as by default"
    names = json.loads((tmp_path / "out" / "rtl" / "names.json").read_text())
    assert names["reset"]["name"] == "areset"
    assert (tmp_path / "out" / "rtl" / names["memories"]["step"]["file"]).is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "wire"], "'wire' cannot name a module"),
        (["--top", "native", "--stream-bytes", "4"], "only axi has wider ones"),
        (["--stream-bytes", "3"], "1 or 4 bytes, not 3"),
        (["--clock", "0"], "a clock of 0 MHz is none"),
        (["--reset-kind", "both"], "'both' is not one of 'sync', 'async'"),
    ],
)
def test_what_cannot_be(words, message, tables, tmp_path, capsys):
    assert ohmforge(tables, "-o", tmp_path / "out", *words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ohmforge: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_only_exports_are_replaced(tables, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert ohmforge(tables, "-o", tmp_path) == 2
    assert ohmforge(tables, "-o", tmp_path / "notes.txt") == 2
    assert ohmforge(tmp_path / "none", "-o", tmp_path / "out") == 2
    assert capsys.readouterr().err.splitlines() == [
        f"ohmforge: {tmp_path}: is not an export and not empty; choose another",
        f"ohmforge: {tmp_path}/notes.txt: is not a directory; choose another",
        f"ohmforge: {tmp_path}/none: is not a directory of mapping tables",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_fails_leaves_the_old_one(tables, tmp_path, monkeypatch):
    """An export is there whole or not at all."""
    out = tmp_path / "out"
    assert ohmforge(tables, "-o", out) == 0
    before = files(out)

    def fail(*_):
        raise OSError(28, "No space left on device", "registers")

    monkeypatch.setattr(hw.integration.export, "export_registers", fail)
    assert ohmforge(tables, "-o", out, "--name", "other") == 2
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
