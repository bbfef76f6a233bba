"""What a graph computes from constants alone: shapes to reshape to, limits, weights passed on."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from arch.errors import InputError
from sw.imports.onnx_file import OnnxFile, label
from sw.imports.stored_tensor import StoredTensor

__all__ = ["FOLDED", "attributes_of", "compute_constant", "image_values"]

FOLDED = frozenset(
    (
        *("Add", "Cast", "CastLike", "Ceil", "Concat", "Constant", "ConstantOfShape"),
        *("Div", "Equal", "Expand", "Floor", "Gather", "Identity", "Max"),
        *("Min", "Mod", "Mul", "Neg", "Pow", "Range", "Reciprocal"),
        *("ReduceProd", "Reshape", "Shape", "Size", "Slice", "Sqrt", "Squeeze"),
        *("Sub", "Transpose", "Unsqueeze", "Where"),
    )
)
"""Operators that are computed here where all that they read is constant."""
_ELEMENTS_MAX = 1 << 16


def image_values(file: OnnxFile) -> frozenset[str]:
    """Names of the values that depend on the image, and not just on its shape."""
    values = {file.input}
    for node in file.nodes:
        read = node.input[:1] if node.op_type == "CastLike" else node.input
        if node.op_type not in ("Shape", "Size") and values.intersection(read):
            values.update(node.output)
    return frozenset(values)


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """Attributes of a node by name; text as str.

    The file has its numbers in float32, so 1e-5 would be 9.999999747e-06 here: they become the
    shortest decimal number that is the same in float32, which is what the exporter was told.
    """
    values: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    for name, value in values.items():
        if isinstance(value, bytes):
            values[name] = value.decode(errors="replace")
        elif isinstance(value, float):
            values[name] = float(str(np.float32(value)))
    return values


def compute_constant(
    file: OnnxFile,
    node: onnx.NodeProto,
    constants: Mapping[str, StoredTensor],
    shapes: Mapping[str, tuple[int, ...]],
) -> StoredTensor:
    """What a node gives that does not depend on the image.

    Parameters
    ----------
    constants : mapping of str to StoredTensor
        What it may read.
    shapes : mapping of str to tuple of int
        Shapes of the values that depend on the image.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If it cannot be computed, or is too large.
    """
    name = node.output[0]
    if name in constants:
        return constants[name]
    if node.op_type == "Constant":
        return _new(file, name, _value(file, node))
    if node.op_type in ("Shape", "Size"):
        read_shape = shapes.get(node.input[0]) or constants[node.input[0]].shape
        given = attributes_of(node)
        if node.op_type == "Size":
            return _new(file, name, np.array(prod(read_shape), np.int64))
        part = read_shape[given.get("start", 0) : given.get("end", len(read_shape))]
        return _new(file, name, np.array(part, np.int64))
    read = {word: constants[word] for word in node.input if word in constants}
    first = constants[node.input[0]]
    if node.op_type == "CastLike" and node.input[1] not in constants and first.value is not None:
        return _new(file, name, first.value.astype(np.float32))  # as every value of an image is
    if node.op_type == "Identity":
        return first
    if node.op_type == "Transpose" and len(first.shape) == 2:
        turned = list(attributes_of(node).get("perm", [1, 0])) == [1, 0]
        return first.swapped() if turned else first
    return _new(file, name, _evaluate(file, node, read))


def _new(file: OnnxFile, name: str, value: np.ndarray) -> StoredTensor:
    return StoredTensor(
        path=file.path, name=name, shape=value.shape, dtype=value.dtype, value=value
    )


def _value(file: OnnxFile, node: onnx.NodeProto) -> np.ndarray:
    """What a node of the operator Constant holds."""
    for name, value in attributes_of(node).items():
        if name == "value":
            return _array(file, node, value)
        if name in ("value_float", "value_floats"):
            return np.array(value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.array(value, np.int64)
    raise InputError(f"{file.path}: {label(node)} holds no number")


def _array(file: OnnxFile, node: onnx.NodeProto, tensor: onnx.TensorProto) -> np.ndarray:
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{file.path}: {label(node)} cannot be read: {error}") from error


def _evaluate(file: OnnxFile, node: onnx.NodeProto, read: Mapping[str, StoredTensor]) -> np.ndarray:
    """The library's own evaluation of one node, whose size is known before."""
    large = InputError(f"{file.path}: {label(node)} computes a constant that is too large")
    initializers = []
    for word, tensor in read.items():
        if tensor.value is None or tensor.value.size > _ELEMENTS_MAX:
            raise large
        initializers.append(numpy_helper.from_array(tensor.value, word))
    graph = helper.make_graph(
        [node], "constant", [], [helper.make_empty_tensor_value_info(node.output[0])], initializers
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", file.opset)])
    try:
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
        sizes = inferred.output[0].type.tensor_type.shape
        if not all(size.HasField("dim_value") for size in sizes.dim):
            raise large
        if prod(size.dim_value for size in sizes.dim) > _ELEMENTS_MAX:
            raise large
        with np.errstate(all="ignore"):
            (value,) = ReferenceEvaluator(model).run(node.output[:1], {})
    except (
        *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
        shape_inference.InferenceError,
    ) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{file.path}: {label(node)} cannot be computed: {reason}") from error
    if not isinstance(value, np.ndarray | np.generic) or np.size(value) > _ELEMENTS_MAX:
        raise large
    return np.asarray(value)
