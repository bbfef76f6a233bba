"""YAML becomes plain data, or one line that says where and why not."""

import pytest

from arch.errors import InputError
from flow.yaml_document import BYTES_MAX, DEPTH_MAX, parse_yaml, read_yaml


def parse(text):
    return parse_yaml(text, source="f.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("010", 10),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("off", "off"),
        ("none", "none"),
        ("null", None),
        ("~", None),
        ("'1'", "1"),
        ('""', ""),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("9" * 100, "9" * 100),
        ("[1, [a, 2.0]]", [1, ["a", 2.0]]),
        ("{a: {b: }}", {"a": {"b": None}}),
        ("", None),
        ("# nothing", None),
    ],
)
def test_values(text, value):
    data = parse(text).data
    assert data == value
    assert type(data) is type(value)


def test_nan():
    assert parse(".nan").data != parse(".nan").data


def test_places():
    document = parse("a: 1\nb:\n  c: {d: 2}\n  e:\n    - 3\n    - f: 4\n")
    assert document.where(("b", "c", "d")) == "f.yaml:3"
    assert document.where(("b", "e", 1, "f")) == "f.yaml:6"
    assert document.where(("b", "e", 1, "nothing")) == "f.yaml:6"
    assert document.where(()) == "f.yaml:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3: a stands twice, first in line 1"),
        ("x:\n  {a: 1, a: 2}", "f.yaml:2: x.a stands twice, first in line 2"),
        ("a: &x 1\nb: *x", "f.yaml:1: anchors and aliases are not allowed"),
        ("b: *x", "f.yaml:1: anchors and aliases are not allowed"),
        ("a: {<<: 1, <<: 2}", "f.yaml:1: a.<< stands twice"),
        ("a: !!python/object/apply:os.system [ls]", "f.yaml:1: tags such as .* are not allowed"),
        ("a: !!int '3'", "f.yaml:1: tags such as .* are not allowed"),
        ("a: 1\n---\nb: 2", "f.yaml:2: only one document is allowed"),
        ("? [a]\n: 1", "f.yaml:1: a key must be text"),
        ("a:\n\t- 1", "f.yaml:2: not valid YAML: "),
        ("a: {", "f.yaml:1: not valid YAML: "),
        ("\n%YAML 9.9.9\n---", "f.yaml:2: not valid YAML: "),
        ("a: 1\nb: \x07", "f.yaml:2: not valid YAML: "),
        ("a: " + "[" * 100000, f"f.yaml:1: nested more than {DEPTH_MAX} deep"),
        ("a: " + "{b: " * 100000, f"f.yaml:1: nested more than {DEPTH_MAX} deep"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]",
            "f.yaml:1: anchors and aliases are not allowed",
        ),
    ],
)
def test_refused(text, message):
    with pytest.raises(InputError, match=message) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_deepest_allowed():
    data = parse("[" * DEPTH_MAX + "]" * DEPTH_MAX).data
    for _ in range(DEPTH_MAX - 1):
        (data,) = data
    assert data == []


def test_unreadable_files(tmp_path):
    path = tmp_path / "f.yaml"
    with pytest.raises(InputError, match=r"f\.yaml: cannot be read: No such file"):
        read_yaml(path)
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_yaml(tmp_path)
    path.write_bytes(b"a: \xff")
    with pytest.raises(InputError, match=r"f\.yaml: is not UTF-8 text \(byte 3\)"):
        read_yaml(path)
    path.write_text("#" * (BYTES_MAX + 1))
    with pytest.raises(InputError, match=r"f\.yaml: is larger than 256 KiB"):
        read_yaml(path)
    path.write_text("#" * BYTES_MAX)
    assert read_yaml(path).data is None
