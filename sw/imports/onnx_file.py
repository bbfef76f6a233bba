"""An ONNX file, read and checked: its nodes, the shapes of values, and where its weights are."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import checker, defs, helper, numpy_helper, shape_inference

from arch.errors import InputError
from sw.imports.onnx_outline import Outline, Place, read_outline
from sw.imports.stored_tensor import StoredTensor

__all__ = ["OnnxFile", "label", "read_onnx"]

_OPSET_MIN = 7
_NODES_MAX = 1 << 14
_DIMENSION_MAX = 1 << 20
_ELEMENTS_MAX = 1 << 27
"""Largest value of a network: as float32 it takes 512 MiB."""
_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, kw_only=True)
class OnnxFile:
    """What the file says, none of it in need of another check.

    Parameters
    ----------
    path : Path
        For messages.
    nodes : tuple of NodeProto
        Those that the output depends on, each behind those that it reads.
    opset : int
        Version of the operators.
    input, output : str
        Names of the one input and of the one output.
    shapes : mapping of str to tuple of int
        Shape of every value that has a known one, of one image.
    tensors : mapping of str to StoredTensor
        Initialisers, and constants whose data is large.
    """

    path: Path
    nodes: tuple[onnx.NodeProto, ...]
    opset: int
    input: str
    output: str
    shapes: Mapping[str, tuple[int, ...]]
    tensors: Mapping[str, StoredTensor]


def label(node: onnx.NodeProto) -> str:
    """What a node is called in messages."""
    name = node.name or (node.output[0] if node.output else "")
    return f"{name!r} ({node.op_type})"


def read_onnx(path: Path, known: frozenset[str]) -> OnnxFile:
    """Read the graph of an ONNX file and infer its shapes; no weight is read.

    Parameters
    ----------
    known : frozenset of str
        Operators of the default domain that can be read; no other reaches the shape inference.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file cannot be read, is damaged or too large, or its network cannot be read; all
        operators that are not known are named.
    """
    outline = read_outline(path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(outline.data)
    except DecodeError as error:
        raise InputError(f"{path}: is damaged, or not an ONNX file: {error}") from error
    opset = _opset(path, model)
    graph = model.graph
    tensors = _tensors(path, graph, outline)
    name, output = _ends(path, graph, tensors)
    nodes = _needed(path, graph, output)
    _check_operators(path, nodes, known)
    shapes = _shapes(path, graph, nodes, opset, (name, output), tensors)
    return OnnxFile(
        path=path,
        nodes=tuple(nodes),
        opset=opset,
        input=name,
        output=output,
        shapes=shapes,
        tensors=tensors,
    )


def _opset(path: Path, model: onnx.ModelProto) -> int:
    versions = {entry.version for entry in model.opset_import if entry.domain in _DOMAINS}
    newest = defs.onnx_opset_version()
    if len(versions) != 1:
        raise InputError(f"{path}: must name one version of the ONNX operators, not {versions}")
    (version,) = versions
    if not _OPSET_MIN <= version <= newest:
        raise InputError(
            f"{path}: is of opset {version}, but {_OPSET_MIN} to {newest} are read; export it again"
        )
    return int(version)


def _tensors(path: Path, graph: onnx.GraphProto, outline: Outline) -> dict[str, StoredTensor]:
    """Initialisers, and the constants whose data was cut."""
    tensors: dict[str, StoredTensor] = {}
    for number, tensor in enumerate(graph.initializer):
        if tensor.name in tensors or not tensor.name:
            raise InputError(f"{path}: two weights have the name {tensor.name!r}")
        place = outline.initializers.get(number)
        tensors[tensor.name] = _stored(path, tensor, tensor.name, place)
    for (number, attribute), place in outline.attributes.items():
        node = graph.node[number]
        if node.op_type != "Constant" or not node.output:
            raise InputError(f"{path}: node {label(node)} has a large tensor in an attribute")
        tensor = node.attribute[attribute].t
        tensors[node.output[0]] = _stored(path, tensor, node.output[0], place)
    return tensors


def _stored(path: Path, tensor: onnx.TensorProto, name: str, place: Place | None) -> StoredTensor:
    shape = tuple(tensor.dims)
    if any(not 0 <= size <= _DIMENSION_MAX for size in shape) or len(shape) > 8:
        raise InputError(f"{path}: tensor {name!r} has the shape {shape}: too large")
    if tensor.data_location != onnx.TensorProto.DEFAULT:
        raise InputError(f"{path}: tensor {name!r} is in another file; save it as one file")
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        value = None if place is not None else numpy_helper.to_array(tensor)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path}: tensor {name!r} cannot be read: {error}") from error
    if place is not None:
        wide = {"float_data": np.float32, "double_data": np.float64}.get(place.kind, dtype)
        if prod(shape) * np.dtype(wide).itemsize != place.size or dtype != wide:
            raise InputError(
                f"{path}: tensor {name!r} has {place.size} bytes, which are no {shape} of {dtype}"
            )
    return StoredTensor(path=path, name=name, shape=shape, dtype=dtype, place=place, value=value)


def _ends(
    path: Path, graph: onnx.GraphProto, tensors: Mapping[str, StoredTensor]
) -> tuple[str, str]:
    """Names of the input and of the output."""
    inputs = [entry for entry in graph.input if entry.name not in tensors]
    for what, entries in (("input", inputs), ("output", graph.output)):
        if len(entries) != 1:
            names = ", ".join(entry.name for entry in entries) or "none"
            raise InputError(f"{path}: must have one {what}, not {names:.200}")
    kind = inputs[0].type.tensor_type
    if kind.elem_type != onnx.TensorProto.FLOAT:
        raise InputError(f"{path}: the input {inputs[0].name} must be of float32")
    if not kind.HasField("shape") or len(kind.shape.dim) not in (2, 4):
        raise InputError(
            f"{path}: the input {inputs[0].name} must have a shape (n, channels, height, width) "
            f"or (n, features)"
        )
    sizes = kind.shape.dim[1:]
    if any(not 1 <= size.dim_value <= _DIMENSION_MAX for size in sizes):
        shown = ", ".join(str(size.dim_value or size.dim_param or "?") for size in sizes)
        raise InputError(
            f"{path}: the input {inputs[0].name} is of no fixed size: ({shown}); export it with "
            f"channels, height and width in numbers"
        )
    return inputs[0].name, graph.output[0].name


def _needed(path: Path, graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The nodes that the output depends on, in the order of the file."""
    if len(graph.node) > _NODES_MAX:
        raise InputError(f"{path}: has {len(graph.node)} nodes, at most {_NODES_MAX} are read")
    wanted, nodes = {output}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            nodes.append(node)
            wanted.update(name for name in node.input if name)
    return nodes[::-1]


def _check_operators(path: Path, nodes: list[onnx.NodeProto], known: frozenset[str]) -> None:
    wrong = [n for n in nodes if n.domain not in _DOMAINS or n.op_type not in known]
    if wrong:
        listed = ", ".join(
            f"{n.domain + '.' if n.domain not in _DOMAINS else ''}{n.op_type} of {n.name!r}"
            for n in wrong
        )
        raise InputError(f"{path}: operators that cannot be mapped: {listed}")
    for node in nodes:
        for attribute in node.attribute:
            if attribute.ref_attr_name:
                raise InputError(
                    f"{path}: node {label(node)} has the attribute {attribute.name!r} of a "
                    f"function around it, but is in none"
                )


def _shapes(
    path: Path,
    graph: onnx.GraphProto,
    nodes: list[onnx.NodeProto],
    opset: int,
    ends: tuple[str, str],
    tensors: Mapping[str, StoredTensor],
) -> dict[str, tuple[int, ...]]:
    """Shapes of all values, by the library's inference on the nodes that are needed."""
    name, output = ends
    entry = next(entry for entry in graph.input if entry.name == name)
    if not entry.type.tensor_type.shape.dim[0].dim_value:
        entry.type.tensor_type.shape.dim[0].dim_value = 1
    used = {word for node in nodes for word in node.input}
    large = [tensor for word, tensor in tensors.items() if tensor.place and word in used]
    for tensor in large:
        if tensor.dtype != np.float32:
            raise InputError(
                f"{path}: weights {tensor.name!r} are {tensor.dtype}, not float32; export the "
                f"network in float32"
            )
    bare = helper.make_graph(
        [n for n in nodes if not (n.op_type == "Constant" and n.output[0] in tensors)],
        "network",
        [
            entry,
            *(
                helper.make_tensor_value_info(
                    t.name, helper.np_dtype_to_tensor_dtype(t.dtype), t.shape
                )
                for t in large
            ),
        ],
        [_end(graph, output)],
        [t for t in graph.initializer if t.name in used and not tensors[t.name].place],
    )
    model = helper.make_model(bare, opset_imports=[helper.make_opsetid("", opset)])
    try:
        checker.check_model(model)
        inferred = shape_inference.infer_shapes(
            model, check_type=True, strict_mode=True, data_prop=True
        ).graph
    except (
        checker.ValidationError,
        shape_inference.InferenceError,
        ValueError,
        TypeError,
        RuntimeError,
    ) as error:
        raise InputError(f"{path}: {_first_lines(error)}") from error
    shapes = {tensor.name: tensor.shape for tensor in tensors.values()}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        kind = value.type.tensor_type
        if kind.HasField("shape"):
            sizes = [size.dim_value for size in kind.shape.dim if size.HasField("dim_value")]
            if len(sizes) == len(kind.shape.dim):
                if any(not 0 <= s <= _DIMENSION_MAX for s in sizes) or prod(sizes) > _ELEMENTS_MAX:
                    raise InputError(
                        f"{path}: {value.name!r} has the shape {tuple(sizes)}: too large"
                    )
                shapes[value.name] = tuple(sizes)
    return shapes


def _end(graph: onnx.GraphProto, name: str) -> onnx.ValueInfoProto:
    """The output with the rank that the file says, and sizes that inference finds."""
    kind = graph.output[0].type.tensor_type
    rank = len(kind.shape.dim) if kind.HasField("shape") else 2
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * rank)


def _first_lines(error: Exception) -> str:
    """What the library says, without the node in full that it prints."""
    text = str(error).partition("==> Context")[0]
    return " ".join(text.split())[:300] or type(error).__name__
