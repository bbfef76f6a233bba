"""What an ONNX network has that cannot be had, by name and operator, all of it in one line."""

import numpy as np
import pytest

from arch.errors import InputError
from sw.imports import load_onnx
from tests.sw.imports.onnx_models import behind, model, weights

CONV = weights(4, 2, 3, 3)
REFUSED = {
    "pads 0, 0 before and 1, 1 behind": behind(
        ("Conv", ["x", "k"], "h", {"pads": [0, 0, 1, 1]}), k=CONV, count=100
    ),
    "pads 0, 0 before and 1, 1 behind;": behind(
        ("Conv", ["x", "k"], "h", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}), k=CONV, count=36
    ),
    "only zeros can be padded": behind(
        ("Pad", ["x", "p", "v"], "h", {}), p=np.array([0] * 8), v=np.float32(1), count=72
    ),
    "which may be above the maximum": behind(
        ("Pad", ["x", "p"], "g", {}),
        ("MaxPool", ["g"], "h", {"kernel_shape": [2, 2]}),
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=98,
    ),
    "alpha must be 1/6": behind(("HardSigmoid", ["x"], "h", {}), count=72),
    "goes over the axes": behind(("ReduceMean", ["x"], "h", {"axes": [0, 2]}), count=12),
    "cannot be put in the order": behind(
        ("Transpose", ["x"], "h", {"perm": [0, 2, 3, 1]}), count=72
    ),
    "only every n-th": behind(
        ("Slice", ["x", "one", "e", "two"], "h", {}),
        one=np.array([1]),
        two=np.array([2]),
        e=np.array([6]),
        count=60,
    ),
    "only channels can be put together": behind(
        ("Concat", ["x", "x"], "h", {"axis": 2}), count=144
    ),
    "which mixes images": [
        [("Reshape", ["x", "to"], "f", {}), ("MatMul", ["f", "w"], "y", {})],
        {"to": np.array([2, -1]), "w": weights(36, 3)},
    ],
    "its input 1 must be a constant": behind(("Conv", ["x", "x"], "h", {}), count=1),
    "must be of rows": [
        [("MatMul", ["x", "w"], "h", {}), ("Flatten", ["h"], "y", {})],
        {"w": weights(6, 3)},
    ],
    "is in training mode": behind(
        ("BatchNormalization", ["x", *"sbmv"], "h m2 v2", {"training_mode": 1}),
        **dict.fromkeys("sbmv", np.ones(2, np.float32)),
        count=72,
    ),
    "drops at inference too": behind(
        ("Dropout", ["x", "r", "t"], "h", {}), r=np.float32(0.5), t=np.array(True), count=72
    ),
    "its limits are inf and None": behind(
        ("Clip", ["x", "a"], "h", {}), a=np.float32("inf"), count=72
    ),
    "its own padding is not counted": behind(
        ("Pad", ["x", "p"], "g", {}),
        (
            *("AveragePool", ["g"], "h"),
            {"kernel_shape": [4, 4], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
        ),
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=32,
    ),
    "it must be over the classes": behind(("Softmax", ["x"], "h", {"axis": 1}), count=72),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(tmp_path, message):
    nodes, constants = REFUSED[message]
    path = model(tmp_path / "m.onnx", nodes, constants, shape=(1, 2, 6, 6))
    with pytest.raises(InputError) as caught:
        load_onnx(path)
    assert message.rstrip(";") in str(caught.value)
    assert str(caught.value).startswith(f"{path}: cannot be mapped: '")
    assert "\n" not in str(caught.value)


def test_all_refused_are_named(tmp_path):
    nodes, constants = behind(
        ("Conv", ["x", "k"], "a", {"pads": [0, 0, 1, 1]}),
        ("Relu", ["a"], "b", {}),
        ("HardSigmoid", ["x"], "c", {}),
        ("Add", ["b", "c"], "h", {}),
        k=weights(2, 2, 2, 2),
        count=72,
    )
    with pytest.raises(InputError, match=r"'Conv_0' \(Conv\): .*; 'HardSigmoid_2' .*1/6") as caught:
        load_onnx(model(tmp_path / "m.onnx", nodes, constants))
    assert "Add" not in str(caught.value)  # it is in nobody's way by itself
    nodes, constants = behind(
        ("Elu", ["x"], "a", {}), ("Celu", ["a"], "b", {}), ("Relu", ["b"], "h", {}), count=72
    )
    with pytest.raises(
        InputError, match=r"operators that cannot be mapped: Elu of 'Elu_0', Celu of 'Celu_1'$"
    ):
        load_onnx(model(tmp_path / "m.onnx", nodes, constants))
