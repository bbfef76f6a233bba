"""``ohmforge load-image``: tables that fit no engine are refused before anything is packed."""

import json

import pytest

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.shape_record import shape_record
from arch.table_files import load, save
from flow import cli
from sw.mapping import map_network
from tests.arch.altered_tables import alter_arrays, put
from tests.sw.integer_layers import small_network


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cells", 255, "cell"),
        ("bias", 1 << 40, "bias"),
        ("shift", 99, "shift"),
    ],
)
def test_values_that_fit_no_field(name, value, message, tmp_path, capsys):
    geometry = Geometry()
    save(map_network(small_network(geometry), geometry), tmp_path / "tables")
    program = build_network_program(load(tmp_path / "tables"), capacity=Capacity())
    names = {"memories": {}, "shape": shape_record(program.shape)}
    (tmp_path / "names.json").write_text(json.dumps(names))
    words = ["load-image", tmp_path / "tables", "--for", tmp_path / "names.json"]
    words = [*map(str, words), "-o", str(tmp_path / "image")]
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(words)
    (tmp_path / "image").unlink()
    alter_arrays(tmp_path / "tables", put(name, 0, value))
    with pytest.raises(SystemExit, match=r"^2$"):
        cli.main(words)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ohmforge: {tmp_path}/tables/000-conv.npz: ")
    assert message in line
    assert not (tmp_path / "image").exists()
