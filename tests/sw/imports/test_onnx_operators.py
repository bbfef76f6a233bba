"""Every operator that can be read computes what onnxruntime computes."""

import numpy as np
import pytest
from torch import nn

from tests.sw.imports.onnx_models import behind, compared, model, weights

END = ("Gemm", ["f", "w"], "y", {"transB": 1})
CONV = weights(4, 2, 3, 3)
CASES = {
    "conv": behind(("Conv", ["x", "k"], "h", {}), k=CONV, count=64),
    "conv with all": behind(
        (
            *("Conv", ["x", "k", "b"], "h"),
            {"pads": [1, 2, 1, 2], "strides": [2, 1], "dilations": [1, 2], "kernel_shape": [3, 3]},
        ),
        k=CONV,
        b=weights(4),
        count=4 * 3 * 6,
    ),
    "conv in groups": behind(
        ("Conv", ["x", "k"], "h", {"group": 2}), k=weights(4, 1, 3, 3), count=64
    ),
    "conv padded alike": behind(
        ("Conv", ["x", "k"], "h", {"auto_pad": "SAME_UPPER"}), k=CONV, count=144
    ),
    "conv padded as low": behind(
        ("Conv", ["x", "k"], "h", {"auto_pad": "SAME_LOWER"}), k=CONV, count=144
    ),
    "conv not padded": behind(("Conv", ["x", "k"], "h", {"auto_pad": "VALID"}), k=CONV, count=64),
    "conv and a constant": behind(
        ("Conv", ["x", "k"], "g", {}),
        ("Add", ["g", "b"], "h", {}),
        k=CONV,
        b=weights(1, 4, 1, 1),
        count=64,
    ),
    "conv with a bias and a constant": behind(
        ("Conv", ["x", "k", "a"], "g", {}),
        ("Add", ["b", "g"], "h", {}),
        k=CONV,
        a=weights(4),
        b=weights(4, 1, 1),
        count=64,
    ),
    "padding before a conv": behind(
        ("Pad", ["x", "p"], "g", {}),
        ("Conv", ["g", "k"], "h", {"pads": [0, 1, 0, 1]}),
        k=CONV,
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=4 * 6 * 8,
    ),
    "padding before a conv padded alike": behind(
        ("Pad", ["x", "p"], "g", {}),
        ("Conv", ["g", "k"], "h", {"auto_pad": "SAME_UPPER", "strides": [3, 3]}),
        k=weights(4, 2, 4, 4),
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=36,
    ),
    "padding before a mean": behind(
        ("Pad", ["x", "p"], "g", {}),
        ("AveragePool", ["g"], "h", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=32,
    ),
    "padding before a maximum": behind(
        ("Relu", ["x"], "r", {}),
        ("Pad", ["r", "p"], "g", {}),
        ("MaxPool", ["g"], "h", {"kernel_shape": [3, 3], "strides": [2, 2]}),
        p=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        count=18,
    ),
    "batch normalisation": behind(
        ("Conv", ["x", "k"], "g", {}),
        ("BatchNormalization", ["g", "s", "b", "m", "v"], "h", {"epsilon": 0.01}),
        k=CONV,
        s=weights(4),
        b=weights(4),
        m=weights(4),
        v=np.abs(weights(4)) + 0.1,
        count=64,
    ),
    "clip": behind(
        ("Clip", ["x", "a", "b"], "h", {}), a=np.float32(-0.5), b=np.float32(0.75), count=72
    ),
    "clip below": behind(("Clip", ["x", "a"], "h", {}), a=np.float32(-0.25), count=72),
    "clip above": behind(("Clip", ["x", "", "b"], "h", {}), b=np.float32(0.25), count=72),
    "clip to nothing": behind(("Clip", ["x"], "h", {}), count=72),
    "hard sigmoid": behind(("HardSigmoid", ["x"], "h", {"alpha": 1 / 6}), count=72),
    "hard swish": behind(("HardSwish", ["x"], "h", {}), count=72),
    "leaky": behind(("LeakyRelu", ["x"], "h", {"alpha": 0.2}), count=72),
    "sigmoid": behind(("Sigmoid", ["x"], "h", {}), count=72),
    "tanh": behind(("Tanh", ["x"], "h", {}), count=72),
    "negative": behind(("Neg", ["x"], "h", {}), count=72),
    "maximum": behind(
        ("MaxPool", ["x"], "h", {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 0]}),
        count=2 * 3 * 5,
    ),
    "mean with padding": behind(
        (
            *("AveragePool", ["x"], "h"),
            {"kernel_shape": [3, 3], "pads": [1] * 4, "count_include_pad": 1},
        ),
        count=72,
    ),
    "mean without padding": behind(
        ("AveragePool", ["x"], "h", {"kernel_shape": [3, 3], "pads": [1] * 4}), count=72
    ),
    "mean of all": behind(("GlobalAveragePool", ["x"], "h", {}), count=2),
    "maximum of all": behind(("GlobalMaxPool", ["x"], "h", {}), count=2),
    "reduced to the mean": behind(("ReduceMean", ["x"], "h", {"axes": [2, 3]}), count=2),
    "reduced over the height": behind(("ReduceMean", ["x"], "h", {"axes": [-2]}), count=12),
    "reduced to the maximum": behind(
        ("ReduceMax", ["x"], "h", {"axes": [-1, -2], "keepdims": 0}), count=2
    ),
    "sum": behind(("Relu", ["x"], "r", {}), ("Add", ["x", "r"], "h", {}), count=72),
    "arithmetic": behind(
        ("Sub", ["x", "m"], "a", {}),
        ("Div", ["a", "s"], "b", {}),
        ("Mul", ["t", "b"], "h", {}),
        m=weights(1, 2, 1, 1),
        s=np.float32([[[[0.5]], [[0.25]]]]),
        t=np.float32(3),
        count=72,
    ),
    "product of values": behind(("Mul", ["x", "x"], "h", {}), count=72),
    "channels side by side": behind(
        ("Relu", ["x"], "r", {}), ("Concat", ["x", "r"], "h", {"axis": 1}), count=144
    ),
    "dropout, identity and cast": behind(
        ("Dropout", ["x"], "a", {}),
        ("Identity", ["a"], "b", {}),
        ("Cast", ["b"], "h", {"to": 1}),
        count=72,
    ),
    "every second": behind(
        ("Slice", ["x", "0", "e", "2", "s"], "a", {}),
        ("Slice", ["a", "0", "e", "3", "s"], "h", {}),
        **{"0": np.array([0]), "e": np.array([2**62]), "2": np.array([2]), "3": np.array([3])},
        s=np.array([2]),
        count=18,
    ),
    "channels of zeros": behind(
        ("Pad", ["x", "p"], "h", {}), p=np.array([0, 1, 0, 0, 0, 2, 0, 0]), count=180
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_computes_what_onnxruntime_computes(tmp_path, name):
    nodes, constants = CASES[name]
    compared(model(tmp_path / "m.onnx", nodes, constants))


ENDS = {
    "columns": ([("Gemm", ["f", "w"], "y", {})], {"w": weights(72, 3)}),
    "scaled": (
        [("Gemm", ["f", "w", "b"], "y", {"alpha": 0.5, "beta": 2.0})],
        {"w": weights(72, 3), "b": weights(1, 3)},
    ),
    "product": ([("MatMul", ["f", "w"], "y", {})], {"w": weights(72, 3)}),
    "product and constant": (
        [("MatMul", ["f", "w"], "p", {}), ("Add", ["b", "p"], "y", {})],
        {"w": weights(72, 3), "b": weights(3)},
    ),
    "turned": (
        [("Transpose", ["w"], "t", {"perm": [1, 0]}), ("MatMul", ["f", "t"], "y", {})],
        {"w": weights(3, 72)},
    ),
    "softmax": (
        [("MatMul", ["f", "w"], "p", {}), ("Softmax", ["p"], "y", {})],
        {"w": weights(72, 3)},
    ),
    "log softmax": (
        [("MatMul", ["f", "w"], "p", {}), ("LogSoftmax", ["p"], "y", {"axis": 1})],
        {"w": weights(72, 3)},
    ),
    "features normalised": (
        [
            ("BatchNormalization", ["f", "s", "s", "s", "s"], "g", {}),
            ("MatMul", ["g", "w"], "y", {}),
        ],
        {"w": weights(72, 3), "s": np.abs(weights(72)) + 0.1},
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_last_layers(tmp_path, name):
    nodes, constants = ENDS[name]
    compared(model(tmp_path / "m.onnx", [("Flatten", ["x"], "f", {}), *nodes], constants))


SHAPES = {
    "flatten": [("Flatten", ["x"], "f", {"axis": -3})],
    "told": [("Reshape", ["x", "to"], "f", {})],
    "kept and flattened": [
        ("Reshape", ["x", "to"], "a", {}),
        ("Unsqueeze", ["a", "axes"], "b", {}),
        ("Squeeze", ["b", "axes"], "f", {}),
    ],
    "computed": [
        ("Shape", ["x"], "s", {}),
        ("Gather", ["s", "zero"], "n", {"axis": 0}),
        ("Unsqueeze", ["n", "zero_axis"], "m", {}),
        ("Concat", ["m", "rest"], "to_", {"axis": 0}),
        ("Reshape", ["x", "to_"], "f", {}),
    ],
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(tmp_path, name):
    constants = {
        "to": np.array([0, -1]),
        "axes": np.array([2, 3]),
        "zero": np.array(0),
        "zero_axis": np.array([0]),
        "rest": np.array([-1]),
        "w": weights(3, 72),
    }
    compared(model(tmp_path / "m.onnx", [*SHAPES[name], END], constants))


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18, 21])
def test_operators_of_every_age(tmp_path, opset):
    """Limits, axes and steps were attributes once, and are inputs now."""
    constants = {"k": CONV, "w": weights(3, 4), "a": np.float32(0), "b": np.float32(6)}
    limits = ["a", "b"] if opset >= 11 else []
    axes = ["axes"] if opset >= 18 else []
    nodes = [
        ("Conv", ["x", "k"], "c", {}),
        ("Clip", ["c", *limits], "r", {} if limits else {"min": 0.0, "max": 6.0}),
        ("Dropout", ["r"], "d", {"ratio": 0.2} if opset < 12 else {}),
        (
            *("ReduceMean", ["d", *axes], "m"),
            {"keepdims": 0} | ({} if axes else {"axes": [2, 3]}),
        ),
        ("Gemm", ["m", "w"], "y", {"transB": 1}),
    ]
    if opset < 11:
        nodes[4] = ("MatMul", ["m", "t"], "y", {})
        constants["t"] = weights(4, 3)
    if opset >= 18:
        constants["axes"] = np.array([2, 3])
    found = compared(model(tmp_path / "m.onnx", nodes, constants, opset=opset))
    assert any(isinstance(module, nn.ReLU6) for module in found.module.modules())
