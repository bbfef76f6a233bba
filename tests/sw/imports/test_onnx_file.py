"""Files that a stranger made: what is refused, before anything is allocated."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from arch.errors import InputError
from sw.imports import load_onnx
from sw.imports.onnx_outline import read_outline
from tests.sw.imports.onnx_models import compared, model, weights

NODES = [("Flatten", ["x"], "f", {}), ("MatMul", ["f", "w"], "y", {})]
CONSTANTS = {"w": weights(72, 5)}


@pytest.fixture
def path(tmp_path):
    return model(tmp_path / "m.onnx", NODES, CONSTANTS)


@pytest.fixture
def changed(path):
    """Change the file; returns what is said of it."""

    def change(how):
        found = onnx.load(path)
        how(found)
        path.write_bytes(found.SerializeToString())
        with pytest.raises(InputError) as caught:
            load_onnx(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert "\n" not in message
        return message

    return change


def test_large_data_stays_in_the_file(path):
    """The outline has the shape of the weights, not the weights."""
    outline = read_outline(path)
    assert len(outline.data) < 500
    (place,) = outline.initializers.values()
    assert place.size == 72 * 5 * 4
    data = path.read_bytes()[place.offset :][: place.size]
    assert np.array_equal(np.frombuffer(data, np.float32).reshape(72, 5), CONSTANTS["w"])


@pytest.mark.parametrize("kind", ["raw", "floats", "constant"])
def test_wherever_the_data_is(tmp_path, kind):
    path = model(tmp_path / "m.onnx", NODES, CONSTANTS)
    found = onnx.load(path)
    if kind != "raw":
        tensor = helper.make_tensor("w", TensorProto.FLOAT, (72, 5), CONSTANTS["w"].flatten())
        del found.graph.initializer[:]
        if kind == "constant":
            node = helper.make_node("Constant", [], ["w"], name="c", value=tensor)
            found.graph.node.insert(0, node)
        else:
            found.graph.initializer.append(tensor)
    path.write_bytes(found.SerializeToString())
    assert compared(path).classes == 5


def dims(found, *sizes):
    del found.graph.initializer[0].dims[:]
    found.graph.initializer[0].dims.extend(sizes)


def external(found):
    entry = found.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def branch(found):
    empty = helper.make_graph([], "g", [], [])
    found.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=empty))


def second_input(found):
    found.graph.input.append(helper.make_tensor_value_info("x2", TensorProto.FLOAT, (1, 2)))


def half_weights(found):
    half = numpy_helper.from_array(np.zeros((72, 8), np.float16), "w")
    found.graph.initializer[0].CopyFrom(half)


def not_finite(found):
    array = CONSTANTS["w"].copy()
    array[3, 3] = np.nan
    found.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, "w"))


def shape(found, *sizes):
    for entry, size in zip(found.graph.input[0].type.tensor_type.shape.dim, sizes, strict=True):
        entry.Clear()
        if isinstance(size, int):
            entry.dim_value = size


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            external,
            "weights in other files (external data); save it as one file: torch.onnx.export(",
        ),
        (branch, "a graph within a node (If, Loop or Scan)"),
        (second_input, "must have one input, not x, x2"),
        (half_weights, "are float16, not float32"),
        (not_finite, "weights 'w' must be finite"),
        (lambda m: dims(m, 2**40, 5), "too large"),
        (lambda m: dims(m, 72, 6), "has 1440 bytes, which are no (72, 6) of float32"),
        (lambda m: dims(m, 71, 5), "has 1440 bytes"),
        (lambda m: shape(m, 1, 2, 6, "w"), "is of no fixed size: (2, 6, ?)"),
        (lambda m: shape(m, 1, 2, 6, 2**30), "is of no fixed size"),
        (lambda m: shape(m, 1, 2, 60, 6), "MatMul"),
        (lambda m: m.opset_import[0].__setattr__("version", 6), "is of opset 6, but 7 to "),
        (lambda m: m.opset_import[0].__setattr__("version", 999), "is of opset 999"),
        (lambda m: m.graph.node[0].__setattr__("domain", "own"), "own.Flatten of 'Flatten_0'"),
        (lambda m: m.graph.node.reverse(), "sorted"),
        (lambda m: m.graph.node[1].input.__setitem__(1, "gone"), "gone"),
        (lambda m: m.functions.add().__setattr__("name", "f"), "local functions"),
        (lambda m: m.graph.ClearField("output"), "must have one output, not none"),
    ],
)
def test_wrong(changed, how, message):
    assert message in changed(how)


def test_values_that_would_be_too_large(tmp_path):
    nodes = [
        ("Conv", ["x", "k"], "h", {"pads": [4000] * 4}),
        ("GlobalAveragePool", ["h"], "p", {}),
        ("Flatten", ["p"], "y", {}),
    ]
    path = model(tmp_path / "m.onnx", nodes, {"k": weights(64, 2, 1, 1)})
    with pytest.raises(InputError, match=r"'h' has the shape \(1, 64, 8006, 8006\): too large"):
        load_onnx(path)


def test_constants_that_would_be_too_large(tmp_path):
    nodes = [
        ("ConstantOfShape", ["to"], "c", {}),
        ("Gather", ["c", "zero"], "s", {}),
        ("Add", ["x", "s"], "h", {}),
        ("Flatten", ["h"], "f", {}),
        ("MatMul", ["f", "w"], "y", {}),
    ]
    constants = CONSTANTS | {"to": np.array([2**13 - 1, 6]), "zero": np.array(0)}
    path = model(tmp_path / "m.onnx", nodes, constants)
    assert load_onnx(path).classes == 5
    path = model(path, nodes, constants | {"to": np.array([2**14, 6])})
    with pytest.raises(InputError, match=r"'ConstantOfShape_0' .* a constant that is too large"):
        load_onnx(path)


@pytest.mark.parametrize("size", [0, 1, 40, 400])
def test_no_onnx(tmp_path, size):
    path = tmp_path / "m.onnx"
    path.write_bytes(np.random.default_rng(size).bytes(size))
    with pytest.raises(InputError, match=r"m\.onnx: is (empty|damaged)|must name one version"):
        load_onnx(path)


def test_links_and_directories(tmp_path, path):
    with pytest.raises(InputError, match=r"is not a regular file|cannot be read"):
        load_onnx(tmp_path)
    (tmp_path / "link.onnx").symlink_to(path)
    with pytest.raises(InputError, match="is a symbolic link"):
        load_onnx(tmp_path / "link.onnx")
