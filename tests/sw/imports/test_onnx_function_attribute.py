"""An attribute that stands for one of a function around the node, where there is no function."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from arch.errors import InputError
from sw.imports import load_onnx

TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[n, 1, 4, 4] image) => (float[n, 32] scores) {
    a = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (image, w)
    scores = Flatten <axis = 1> (a)
}
"""


@pytest.mark.parametrize("wrong", [False, True])
def test_attribute_of_a_function(wrong, tmp_path):
    model = parser.parse_model(TEXT)
    weights = np.ones((2, 1, 3, 3), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    if wrong:
        model.graph.node[1].attribute[0].ref_attr_name = "around"
    onnx.save(model, tmp_path / "m.onnx")
    if not wrong:
        assert load_onnx(tmp_path / "m.onnx").classes == 32
        return
    with pytest.raises(InputError, match=r"'scores' \(Flatten\) has the attribute 'axis' of a f"):
        load_onnx(tmp_path / "m.onnx")
