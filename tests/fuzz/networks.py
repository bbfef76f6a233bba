"""Networks from elsewhere: ONNX files."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, parser

from arch.errors import InputError
from sw.examine import examine
from sw.imports import load_onnx
from tests.fuzz.subject import Files, Subject

__all__ = ["SUBJECTS"]

_HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
_PLAIN = """
g (float[n, 1, 8, 8] image) => (float[n, 5] scores) {
    a = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (image, w1, b1)
    b = BatchNormalization <epsilon = 0.001> (a, scale, shift, mean, variance)
    c = Relu (b)
    d = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (c)
    e = Conv <kernel_shape = [1, 1], strides = [2, 2]> (d, w2)
    low = Constant <value = float {0.0}> ()
    high = Constant <value = float {6.0}> ()
    f = Clip (e, low, high)
    h = GlobalAveragePool (f)
    i = Flatten <axis = 1> (h)
    scores = Gemm <transB = 1> (i, w3, b3)
}
"""
_BRANCHES = """
g (float[1, 4, 6, 6] image) => (float[1, 3] scores) {
    a = Conv <group = 4, pads = [1, 1, 1, 1], dilations = [1, 1]> (image, w1)
    b = Relu (a)
    c = Add (b, image)
    d = Concat <axis = 1> (c, b)
    e = AveragePool <kernel_shape = [3, 3], strides = [3, 3], auto_pad = "VALID"> (d)
    i = Dropout (e)
    shape = Constant <value_ints = [0, -1]> ()
    j = Reshape (i, shape)
    k = MatMul (j, w2)
    m = Add (k, b2)
    scores = Identity (m)
}
"""
_SHAPES = (
    {
        "w1": (6, 1, 3, 3),
        "b1": (6,),
        "scale": (6,),
        "shift": (6,),
        "mean": (6,),
        "variance": (6,),
        "w2": (8, 6, 1, 1),
        "w3": (5, 8),
        "b3": (5,),
    },
    {"w1": (4, 1, 3, 3), "w2": (32, 3), "b2": (3,)},
)


def _models(directory: Path) -> Sequence[Files]:
    """Two networks that have most operators between them."""
    made = []
    for text, shapes in zip((_PLAIN, _BRANCHES), _SHAPES, strict=True):
        model = parser.parse_model(_HEAD + text)
        values = np.random.default_rng(0)
        for name, shape in shapes.items():
            array = values.random(shape, dtype=np.float32)
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        onnx.checker.check_model(model)
        made.append({"m.onnx": model.SerializeToString()})
    (directory / "m.onnx").write_bytes(made[0]["m.onnx"])
    with contextlib.chdir(directory):
        _import()  # what torch imports then makes an empty folder for its compiler
    return made


def _import() -> None:
    network = load_onnx(Path("m.onnx"))
    found = examine(network.module, network.in_shape, on_host=("head", "tail"))
    if found.refused:
        raise InputError(found.refused[0].reason)


SUBJECTS = (Subject(name="network, ONNX", originals=_models, read=_import, share=5),)
