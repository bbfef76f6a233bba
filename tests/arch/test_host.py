import dataclasses

import pytest

from arch.errors import InputError
from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.host import HostSpec, run_order
from arch.host_record import host_from_record, host_to_record
from arch.table_files import load, save
from arch.validate import validate
from sw.mapping import map_network
from tests.sw.integer_layers import linear_spec, residual_network


def operation(kind="add", **fields):
    """An operation on the input; ``fields`` replace its own."""
    shape = (2, 5, 4)
    count = 2 if kind == "add" else 1
    defaults = {
        "name": "op",
        "kind": kind,
        "sources": ("input",) * count,
        "in_shape": shape,
        "out_shape": {"add": shape, "shortcut": (4, 3, 2)}.get(kind, (2, 1, 1)),
        "stride": (2, 2) if kind == "shortcut" else (1, 1),
        "channels_before": 1 if kind == "shortcut" else 0,
        "activations": (ActFormat(),) * count,
        "multipliers": (3,) * count,
        "shift": 2,
        "output": OutFormat(),
    }
    return HostSpec(**(defaults | fields))


WINDOW = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1), "out_shape": (2, 3, 5)}


@pytest.mark.parametrize("kind", ["add", "average_pool", "max_pool", "shortcut"])
def test_record_and_back(kind):
    spec = operation(kind)
    record = host_to_record(spec)
    assert host_from_record(record) == spec
    assert not record.keys() & {"kernel", "padding"}  # as before there were kernels
    if spec.pools:
        assert spec.window == (5, 4)
        windows = operation(kind, **WINDOW)
        assert windows.window == (3, 2)
        assert host_from_record(host_to_record(windows)) == windows


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("add", {"name": "input"}, "must be an identifier, not input"),
        ("add", {"name": "a b"}, "must be an identifier"),
        ("add", {"sources": ("input",)}, "add has 2 sources"),
        ("shortcut", {"activations": ()}, "shortcut has 1 activations"),
        ("average_pool", {"multipliers": (1, 1)}, "average_pool has 1 multipliers"),
        ("add", {"in_shape": (0, 1, 1)}, "sizes must be positive"),
        ("shortcut", {"channels_before": -1}, "sizes must be positive"),
        ("add", {"stride": (2, 1)}, "only a kernel and a shortcut have a stride"),
        ("max_pool", {"padding": (1, 0)}, "only a kernel has padding"),
        ("add", {"kernel": (1, 1)}, "only a pool has a kernel"),
        ("max_pool", WINDOW | {"kernel": (0, 1)}, "sizes must be positive"),
        ("max_pool", WINDOW | {"padding": (2, 1)}, r"half of the kernel \(3, 2\), not \(2, 1\)"),
        ("max_pool", WINDOW | {"out_shape": (2, 3, 4)}, "does not follow"),
        ("average_pool", WINDOW | {"channels_before": 1}, "only a shortcut has new channels"),
        ("max_pool", {"sources": ("input", "input")}, "max_pool has 1 sources"),
        ("add", {"channels_before": 1}, "only a shortcut has new channels"),
        ("add", {"multipliers": (1, 1 << 16)}, "multipliers must be 0 to 65535 and shift 0 to 47"),
        ("add", {"shift": 48}, r"not \(3, 3\) and 48"),
        ("add", {"out_shape": (2, 5, 5)}, r"out_shape \(2, 5, 5\) does not follow"),
        ("average_pool", {"out_shape": (3, 1, 1)}, "does not follow"),
        ("average_pool", {"in_shape": (2, 1 << 13, 1 << 12)}, "averages more than 16777216"),
        ("shortcut", {"out_shape": (4, 2, 2)}, "does not follow"),
        ("shortcut", {"out_shape": (2, 3, 2)}, "does not follow"),
    ],
)
def test_wrong_operation(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        operation(kind, **fields)


def test_wrong_kind():
    with pytest.raises(ValueError, match="kind must be add, average_pool, max_pool, shortcut, not"):
        dataclasses.replace(operation(), kind="max")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "exactly the fields"),
        ({"shift": True}, "shift must be of type int"),
        ({"shift": 1 << 60}, "shift must be of type int"),
        ({"sources": "ab"}, "sources must be a list"),
        ({"stride": [1]}, "stride must be a list"),
        ({"kernel": [1]}, "kernel must be a list"),
        ({"kernel": 3}, "kernel must be a list"),
        ({"padding": None}, "padding must be a list"),
        ({"multipliers": [1, 2.0]}, "multipliers must be a list"),
        ({"activations": 3}, "activations must be a list"),
        ({"activations": [{}, {}]}, "ActFormat must have exactly"),
        ({"output": None}, "OutFormat must have exactly"),
    ],
)
def test_wrong_record(change, message):
    with pytest.raises(ValueError, match=message):
        host_from_record(host_to_record(operation()) | change)


def test_run_order():
    first = linear_spec(40, 3, name="first", in_shape=(2, 5, 4))
    last = linear_spec(40, 3, name="last", source="sum", in_shape=(2, 5, 4))
    early, late = operation(name="early"), operation(name="sum", sources=("early", "input"))
    assert [step.name for step in run_order([first, last], [early, late])] == [
        *("early", "sum", "first", "last")
    ]
    waits = dataclasses.replace(early, sources=("first", "input"))
    order = run_order([first, last], [waits, late])
    assert [step.name for step in order] == ["first", "early", "sum", "last"]


@pytest.mark.parametrize(
    ("layers", "host", "message"),
    [
        (["a"], [("a", "input")], "layer a: there are two of this name"),
        (["a"], [("b", "a"), ("b", "a")], "operation b: there are two of this name"),
        (["a"], [("b", "c")], "operation b: source 'c' does not come before it"),
        (["a"], [("b", "b")], "operation b: source 'b' does not come before it"),
    ],
)
def test_wrong_order(layers, host, message):
    specs = [linear_spec(40, 3, name=name) for name in layers]
    operations = [operation(name=name, sources=(source, source)) for name, source in host]
    with pytest.raises(ValueError, match=message):
        run_order(specs, operations)


@pytest.fixture
def tables():
    return map_network(residual_network(Geometry()), Geometry())


def test_tables_hold_operations(tables, tmp_path):
    saved = save(tables, tmp_path / "t")
    assert load(tmp_path / "t").host == tables.host
    assert validate(tmp_path / "t").sha256 == saved.sha256
    plain = dataclasses.replace(tables, layers=tables.layers[:1], host=())
    save(plain, tmp_path / "plain")
    assert '"host"' not in (tmp_path / "plain" / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("place", "fields", "message"),
    [
        (0, {"name": "conv"}, "layer conv is there twice"),
        (1, {"sources": ("conv", "no")}, "layer scores: source 'average' does not come before it"),
        (1, {"in_shape": (9, 5, 4), "out_shape": (9, 5, 4)}, r"operation sum: in_shape is \(9, 5"),
        (1, {"activations": (ActFormat(), ActFormat(bits=4))}, "sum: activations are 0 to 255, b"),
        (0, {"activations": (ActFormat(bits=4),)}, "reads the input of the network in another"),
    ],
)
def test_validate_refuses(tables, tmp_path, place, fields, message):
    host = list(tables.host)
    host[place] = dataclasses.replace(host[place], **fields)
    changed = dataclasses.replace(tables, host=tuple(host))
    if "twice" in message:  # not even written
        with pytest.raises(ValueError, match=message):
            save(changed, tmp_path / "t")
        return
    save(changed, tmp_path / "t")
    with pytest.raises(InputError, match=message):
        validate(tmp_path / "t")
