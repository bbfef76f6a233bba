"""What every file of weights must withstand, and what each kind of file checks of its own."""

import json
from contextlib import suppress

import numpy as np
import pytest
import safetensors.numpy
import torch

from arch.errors import InputError
from arch.geometry import Geometry
from sw import tensor_file
from sw.integer_network import load_integer_network, save_integer_network
from sw.kept_file import load_kept, save_kept
from sw.networks import build
from sw.tensor_file import read_tensors, write_tensors
from sw.weights import load_network, load_weights, save_network
from tests.sw.integer_layers import small_network

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "b": np.array(7),
    "c": np.ones(3, bool),
}
CONTENT = {"x": [1, 2.5, "y"]}


def new_network(seed=0):
    return build("digits_cnn", in_shape=(1, 8, 8), classes=10, seed=seed)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


@pytest.fixture
def integer_file(path):
    save_integer_network(small_network(Geometry()), path)
    return path


def rewrite(path, change):
    """Change the arrays and the JSON of a file and write it as if nothing had happened."""
    data = path.read_bytes()
    arrays = {name: array.copy() for name, array in safetensors.numpy.load(data).items()}
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    record = json.loads(header["__metadata__"]["ohmforge"])
    change(record, arrays)
    record["arrays"] = list(arrays)
    path.write_bytes(safetensors.numpy.save(arrays, metadata={"ohmforge": json.dumps(record)}))


def test_written_arrays_are_read_again(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    content, arrays = read_tensors(path, kind="a test")
    assert content == CONTENT
    assert list(arrays) == list(ARRAYS)
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype
        assert array.shape == ARRAYS[name].shape
        assert np.array_equal(array, ARRAYS[name])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_failed_writing_leaves_the_old_file(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_tensors(path, ARRAYS, kind="a test", content={"x": float("nan")})
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_impossible_place_leaves_nothing_behind(path):
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_every_truncation_is_refused(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match="is damaged"):
            read_tensors(path, kind="a test")


def test_changed_bytes_raise_no_other_error(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    data = path.read_bytes()
    for place in range(len(data)):
        for flip in (0x01, 0xFF):
            path.write_bytes(data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
            with suppress(InputError):  # and nothing else
                read_tensors(path, kind="a test")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x04\x95N.", "is damaged"),  # a pickle
        (b"\xff" * 64, "is damaged"),
        (safetensors.numpy.save({"a": np.ones(2, np.float32)}), "does not hold a test"),
        (safetensors.numpy.save({}, metadata={"ohmforge": "["}), "is damaged"),
        (safetensors.numpy.save({}, metadata={"ohmforge": "[" * 99_999}), "is damaged"),
        (safetensors.numpy.save({"a": np.ones(2, np.float16)}), "'a' must not be of type F16"),
    ],
)
def test_foreign_file(path, data, message):
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_tensors(path, kind="a test")
    assert str(caught.value).startswith(f"{path}: ")


def test_other_kind_and_version(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    with pytest.raises(InputError, match="does not hold network weights"):
        load_network(new_network(), path)
    rewrite(path, lambda record, _: record.update(schema=2))
    with pytest.raises(InputError, match="has schema version 2, this program reads 1"):
        read_tensors(path, kind="a test")


def test_listed_arrays_must_be_there(path):
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    record = {"schema": 1, "kind": "a test", "content": {}}
    for names in (None, ["a"], ["a", 1], ["a", "a"]):
        metadata = {"ohmforge": json.dumps(record | {"arrays": names})}
        two = {"a": np.ones(1, np.int8), "1": np.ones(1, np.int8)}
        path.write_bytes(safetensors.numpy.save(two, metadata=metadata))
        with pytest.raises(InputError, match="does not hold the arrays that it lists"):
            read_tensors(path, kind="a test")


def test_truth_values_are_zero_or_one(path):
    write_tensors(path, {"c": np.ones(3, bool)}, kind="a test", content=CONTENT)
    path.write_bytes(path.read_bytes()[:-1] + b"\x02")
    with pytest.raises(InputError, match="'c' holds a truth value that is neither 0 nor 1"):
        read_tensors(path, kind="a test")


def test_missing_and_too_large_files(path, monkeypatch):
    with pytest.raises(InputError, match="cannot be read"):
        read_tensors(path, kind="a test")
    with pytest.raises(InputError, match="is not a regular file"):
        read_tensors(path.parent, kind="a test")
    write_tensors(path, ARRAYS, kind="a test", content=CONTENT)
    monkeypatch.setattr(tensor_file, "BYTES_MAX", 10)
    with pytest.raises(InputError, match="at most 10 are expected"):
        read_tensors(path, kind="a test")


def test_network_is_loaded_again(path, trained):
    save_network(trained, path)
    network = new_network(seed=1)
    load_network(network, path)
    for name, tensor in trained.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("conv1.weight"), "'conv1.weight' is missing"),
        (lambda a: a.update(z=np.ones(1, np.float32)), "'z' has no place in this one"),
        (lambda a: a.update({"fc.bias": np.ones(9, np.float32)}), r"shape \(10,\), not float32 of"),
        (lambda a: a.update({"fc.bias": np.ones(10)}), "fc.bias must be float32"),
        (lambda a: a["fc.bias"].fill(np.nan), "fc.bias must be finite"),
    ],
)
def test_wrong_network_file(path, change, message):
    save_network(new_network(), path)
    rewrite(path, lambda _, arrays: change(arrays))
    network = new_network(seed=1)
    with pytest.raises(InputError, match=message):
        load_network(network, path)
    assert torch.equal(network.fc.bias, new_network(seed=1).fc.bias)


def test_weights_that_are_not_finite_are_not_saved(path):
    network = new_network()
    network.bn1.running_mean[3] = torch.inf
    with pytest.raises(ValueError, match=r"bn1\.running_mean must be finite"):
        save_network(network, path)
    assert not path.exists()


def test_kept_segments_are_loaded_again(path):
    kept = {"conv1": np.eye(3, dtype=bool), "fc": np.zeros((2, 5), bool)}
    save_kept(kept, path, scheme="row_vector")
    scheme, found = load_kept(path)
    assert scheme == "row_vector"
    assert list(found) == list(kept)
    assert all(np.array_equal(found[name], kept[name]) for name in kept)


@pytest.mark.parametrize(
    ("kept", "scheme", "message"),
    [
        ({"fc": np.ones((2, 2), bool)}, "blocks", "scheme must be column_vector or row_vector"),
        ({"fc": np.ones(2, bool)}, "row_vector", "'fc' must be a bool matrix"),
        ({"fc": np.ones((2, 2))}, "row_vector", "'fc' must be a bool matrix"),
    ],
)
def test_wrong_kept_file(path, kept, scheme, message):
    save_kept(kept, path, scheme=scheme)
    with pytest.raises(InputError, match=message):
        load_kept(path)


def change_layer(**fields):
    return lambda record, _: record["content"]["layers"][0].update(fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r, _: r["content"].pop("name"), "an integer network has"),
        (lambda r, _: r["content"].update(layers=None), "an integer network has"),
        (lambda r, _: r["content"].update(layers=[]), "array 'conv.bias' belongs to no layer"),
        (lambda r, _: r["content"].update(name=3), "name must be text"),
        (lambda r, _: r["content"].update(input_scale=1), "input_scale a number"),
        (lambda r, _: r["content"].update(input_scale=float("nan")), "input_scale must be above 0"),
        (lambda r, _: r["content"].update(in_shape=7), "in_shape must be a list"),
        (
            lambda r, _: r["content"].update(in_shape=[3, 7, 8]),
            "in_shape must be that of the input",
        ),
        (change_layer(kind="pool"), "kind must be conv2d or linear"),
        (change_layer(kind=["conv2d"]), "kind must be text"),
        (change_layer(stride=[2]), "stride must be 2 integers"),
        (change_layer(stride=[2, True]), "stride must be 2 integers"),
        (change_layer(in_shape=[3, 7, 1 << 40]), "in_shape must be 3 integers"),
        (change_layer(more=1), "LayerSpec must have exactly the fields"),
        (change_layer(activation={"bits": 8}), "ActFormat must have exactly the fields"),
        (
            change_layer(activation={"bits": 8, "signed": 0, "zero_point": 0}),
            "signed must be of type bool, not 0",
        ),
        (
            change_layer(activation={"bits": 8.0, "signed": False, "zero_point": 0}),
            "bits must be of type int, not 8.0",
        ),
        (lambda _, a: a.pop("conv.shift"), "array 'conv.shift' is missing"),
        (lambda _, a: a["conv.shift"].fill(99), "layer conv: shift must be 0 to 47"),
        (lambda _, a: a.update({"conv.kept": np.ones((1, 1), bool)}), "kept must be bool with 5"),
    ],
)
def test_wrong_integer_file(integer_file, change, message):
    rewrite(integer_file, change)
    with pytest.raises(InputError, match=message) as caught:
        load_integer_network(integer_file)
    assert str(caught.value).startswith(f"{integer_file}: ")
    assert "\n" not in str(caught.value)


def foreign(network, **changes):
    """Weights as another program saves them: no record of ours, no counters."""
    state = {
        name: tensor.numpy()
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return state | changes


def test_weights_of_another_program(path):
    safetensors.numpy.save_file(foreign(new_network(1)), path)
    network = new_network(2)
    load_weights(network, path)
    for name, tensor in new_network(1).state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fc.bias": np.full(10, np.nan, np.float32)}, "fc.bias must be finite, not NaN"),
        ({"fc.bias": np.zeros(9, np.float32)}, r"fc.bias must be float32 of shape \(10,\)"),
        ({"fc.bias": np.zeros(10)}, "fc.bias must be float32"),
        ({"fc.bias": np.zeros(10, np.float16)}, "'fc.bias' must not be of type F16"),
        ({"extra": np.zeros(1, np.float32)}, "'extra' has no place in this one"),
    ],
)
def test_wrong_weights_of_another_program(path, changes, message):
    safetensors.numpy.save_file(foreign(new_network(), **changes), path)
    network = new_network(2)
    with pytest.raises(InputError, match=message):
        load_weights(network, path)
    expected = new_network(2).state_dict()
    assert all(torch.equal(tensor, expected[n]) for n, tensor in network.state_dict().items())


def test_damaged_weights_of_another_program(path):
    path.write_bytes(b"\x08" + bytes(30))
    with pytest.raises(InputError, match="is damaged, or not a safetensors file"):
        load_weights(new_network(), path)
    with pytest.raises(InputError, match="cannot be read"):
        load_weights(new_network(), path.with_name("none"))
