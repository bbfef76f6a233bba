"""Small ONNX networks, made node by node, and what onnxruntime makes of them."""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from sw.imports import load_onnx

__all__ = ["behind", "compared", "model", "reference", "weights"]


def weights(*shape, seed=0, scale=0.5):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def behind(*nodes, count, **constants):
    """A network of ``nodes``, from x to h with ``count`` elements an image, and a last layer."""
    last = [("Flatten", ["h"], "f", {}), ("Gemm", ["f", "w"], "y", {"transB": 1})]
    return [*nodes, *last], {"w": weights(3, count, seed=9), **constants}


def model(
    path, nodes, constants=None, *, shape=("n", 2, 6, 6), output=None, opset=17, names=("x", "y")
):
    """Write a network of ``nodes``: (operator, inputs, output, attributes); it reads x, gives y."""
    made = [
        helper.make_node(kind, inputs, given.split(), name=f"{kind}_{number}", **attributes)
        for number, (kind, inputs, given, attributes) in enumerate(nodes)
    ]
    graph = helper.make_graph(
        made,
        "network",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, output or ["n", None])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(built.SerializeToString())
    return path


def reference(path, images):
    """What onnxruntime computes."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    if isinstance(entry.shape[0], int):
        parts = [session.run(None, {entry.name: image[None]})[0] for image in images]
        return np.concatenate(parts)
    return session.run(None, {entry.name: images})[0]


def compared(path, *, count=3, seed=1, tolerance=1e-5):
    """Import a network, and hold what it gives to what onnxruntime gives; returns the import."""
    found = load_onnx(path)
    entry = onnx.load(path).graph.input[0].type.tensor_type.shape
    shape = [size.dim_value for size in entry.dim[1:]]
    images = weights(count, *shape, seed=seed, scale=2.0)
    expected = reference(path, images)
    with torch.no_grad():
        scores = found.module(torch.from_numpy(images.reshape(count, *found.in_shape))).numpy()
    assert scores.shape == (count, found.classes)
    largest = np.abs(expected).max()
    assert np.abs(scores - expected.reshape(scores.shape)).max() <= tolerance * max(1, largest)
    assert largest > 1e-3
    return found
