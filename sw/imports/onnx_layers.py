"""ONNX nodes with weights: convolutions, matrix products, batch normalisation, added constants."""

import operator
from collections.abc import Callable

import onnx
import torch
from torch import nn

from sw.imports.onnx_build import Build, Converter, Loader, RefusedNodeError
from sw.imports.onnx_windows import take_window
from sw.imports.stored_tensor import StoredTensor

__all__ = ["LAYERS"]


def _conv(build: Build, node: onnx.NodeProto) -> None:
    weight, bias = _weights(build, node, 1, 4), build.constant(node, 2)
    window = take_window(build, node, kernel=weight.shape[2:])
    group = build.attributes(node).get("group", 1)
    if group < 1 or weight.shape[0] % group:
        raise RefusedNodeError(f"group is {group}, but there are {weight.shape[0]} outputs")
    with torch.device("meta"):
        made = nn.Conv2d(
            weight.shape[1] * group,
            weight.shape[0],
            (weight.shape[2], weight.shape[3]),
            stride=window.stride,
            padding=window.padding,
            dilation=window.dilation,
            groups=group,
            bias=_is_bias(bias),
        )
    build.module(node, made, window.source, _loaders(weight, bias))


def _gemm(build: Build, node: onnx.NodeProto) -> None:
    given = build.attributes(node)
    weight, bias = _weights(build, node, 1, 2), build.constant(node, 2)
    if given.get("transA", 0):
        raise RefusedNodeError("transA must be 0")
    if not given.get("transB", 0):
        weight = weight.swapped()
    scales = (given.get("alpha", 1.0), given.get("beta", 1.0))
    _linear(build, node, weight, bias, scales)


def _matmul(build: Build, node: onnx.NodeProto) -> None:
    if len(node.input) == 2 and all(build.known(name) for name in node.input):
        build.function(node, torch.matmul, *(build.value(name) for name in node.input))
        return
    if len(build.shape(node.input[0])) != 2:
        raise RefusedNodeError("a matrix product must be of rows of features, (n, features)")
    _linear(build, node, _weights(build, node, 1, 2).swapped(), None)


def _linear(
    build: Build,
    node: onnx.NodeProto,
    weight: StoredTensor,
    bias: StoredTensor | None,
    scales: tuple[float, float] = (1.0, 1.0),
) -> None:
    outputs, inputs = weight.shape
    if _is_bias(bias) and bias is not None and bias.shape not in ((outputs,), (1, outputs)):
        raise RefusedNodeError(f"its constant has the shape {bias.shape}, not ({outputs},)")
    with torch.device("meta"):
        made = nn.Linear(inputs, outputs, bias=_is_bias(bias))
    build.module(node, made, node.input[0], _loaders(weight, bias, scales))


def _batch_norm(build: Build, node: onnx.NodeProto) -> None:
    given = build.attributes(node)
    if given.get("spatial", 1) != 1:
        raise RefusedNodeError("spatial must be 1")
    if given.get("training_mode", 0) or any(node.output[1:]):
        raise RefusedNodeError(
            "is in training mode, so it takes statistics of the images that it "
            "is given: export the network for inference, after network.eval()"
        )
    channels = build.shape(node.input[0])[1]
    tensors: dict[str, Loader] = {}
    names = ("weight", "bias", "running_mean", "running_var")
    for place, name in enumerate(names, start=1):
        tensor = build.constant(node, place)
        if tensor is None or tensor.shape != (channels,):
            raise RefusedNodeError(f"its {name} must be {channels} numbers")
        tensors[name] = _float32(tensor).load
    tensors["num_batches_tracked"] = lambda: torch.tensor(0)
    rank = len(build.shape(node.input[0]))
    kind = nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d
    with torch.device("meta"):
        made = kind(
            channels,
            eps=given.get("epsilon", 1e-5),
            # ONNX keeps this share of the old value, torch takes this share of the new one.
            momentum=round(1 - given.get("momentum", 0.9), 6),
        )
    build.module(node, made, node.input[0], tensors)


def _add(build: Build, node: onnx.NodeProto) -> None:
    left, right = node.input
    if build.known(left) and build.known(right):
        if build.shape(left) != build.shape(right):
            raise RefusedNodeError(
                f"adds values of the shapes {build.shape(left)} and {build.shape(right)}"
            )
        build.arithmetic(node, operator.add)
        if {left, right} <= build.not_negative:
            build.not_negative.add(node.output[0])
        return
    name, place = (left, 1) if build.known(left) else (right, 0)
    constant, found = build.constant(node, place), build.layer_of(name)
    outputs = build.shape(name)[1]
    wanted = (outputs, *(1 for _ in build.shape(name)[2:]))
    own = constant is not None and constant.shape in (wanted, (1, *wanted))
    if constant is None or found is None or not own or not build.is_plain(name):
        build.arithmetic(node, operator.add)
        return
    path, module = found
    if module.bias is not None:
        build.arithmetic(node, operator.add)
        return
    module.bias = nn.Parameter(torch.empty(outputs, device="meta"))
    build.weights[f"{path}.bias"] = lambda: constant.load().reshape(-1)
    build.same(node, name)


def _weights(build: Build, node: onnx.NodeProto, place: int, rank: int) -> StoredTensor:
    tensor = build.constant(node, place)
    if tensor is None or len(tensor.shape) != rank or 0 in tensor.shape:
        shape = None if tensor is None else tensor.shape
        raise RefusedNodeError(f"its weights must have {rank} dimensions, not {shape}")
    return _float32(tensor)


def _float32(tensor: StoredTensor) -> StoredTensor:
    if tensor.dtype != "float32":
        raise RefusedNodeError(f"its weights {tensor.name!r} are {tensor.dtype}, not float32")
    return tensor


def _is_bias(tensor: StoredTensor | None) -> bool:
    """Whether a bias is there, and is not what an exporter writes where there is none."""
    return tensor is not None and (tensor.value is None or bool(tensor.value.any()))


def _loaders(
    weight: StoredTensor, bias: StoredTensor | None, scales: tuple[float, float] = (1.0, 1.0)
) -> dict[str, Loader]:
    loaders: dict[str, Loader] = {"weight": _scaled(weight, scales[0])}
    if bias is not None and _is_bias(bias):
        loader = _scaled(_float32(bias), scales[1])
        loaders["bias"] = lambda: loader().reshape(-1)
    return loaders


def _scaled(tensor: StoredTensor, scale: float) -> Callable[[], torch.Tensor]:
    return tensor.load if scale == 1 else lambda: tensor.load() * scale


LAYERS: dict[str, Converter] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_norm,
    "Add": _add,
}
"""Operators with weights."""
