"""Where a named file is does not count, what is in it does."""

import pytest

from flow.named_files import hash_named, hash_source_of, without_places


def test_hash_is_of_the_content(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name / "a").mkdir(parents=True)
        (tmp_path / name / "b").mkdir()
        (tmp_path / name / "a" / "x").write_text("1")
        (tmp_path / name / "b" / "x").write_text("2")
    first = hash_named(tmp_path / "one")
    assert hash_named(tmp_path / "two") == first
    monkeypatch.chdir(tmp_path / "two")
    assert hash_named(type(tmp_path)(".")) == first
    (tmp_path / "two" / "b" / "x").write_text("3")
    assert hash_named(tmp_path / "two") != first
    assert hash_named(tmp_path / "one" / "a" / "x") != hash_named(tmp_path / "one" / "b" / "x")
    (tmp_path / "same").write_text("1")
    assert hash_named(tmp_path / "same") == hash_named(tmp_path / "one" / "a" / "x")


@pytest.mark.parametrize(
    ("values", "fields", "expected"),
    [
        ({"seed": 1, "data": {"path": "a", "kind": "npz"}}, ["data.path"], {"kind": "npz"}),
        ({"seed": 1, "data": {"kind": "npz", "path": "a"}}, [], {"kind": "npz", "path": "a"}),
        ({"seed": 1, "data": {"path": {"in": "a"}}}, ["data.path.in"], {"path": {}}),
        ({"seed": 1, "data": "plain"}, ["data.path"], "plain"),
    ],
)
def test_without_places(values, fields, expected):
    assert without_places(values, fields) == {"seed": 1, "data": expected}


def test_without_a_field_alone():
    assert without_places({"data.path": "a", "data.kind": "b"}, ["data.path"]) == {"data.kind": "b"}


def test_function_is_in_the_hash_and_the_folder_is_not(tmp_path):
    """Two functions of one file are two networks."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text("import part\n")
        (tmp_path / folder / "part.py").write_text("a = 1\n")
    first = hash_source_of(f"{tmp_path}/one/net.py:make")
    assert hash_source_of(f"{tmp_path}/two/net.py:make") == first
    assert hash_source_of(f"{tmp_path}/one/net.py:other") != first
    (tmp_path / "two" / "part.py").write_text("a = 2\n")
    assert hash_source_of(f"{tmp_path}/two/net.py:make") != first
