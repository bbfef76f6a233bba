"""ONNX nodes that compute each element by itself, and those that only move elements."""

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import onnx
import torch
from torch import nn

from sw.imports.onnx_build import Build, Converter, RefusedNodeError

__all__ = ["PLAIN"]

_FLOAT_MAX = 3.4e38
_SIXTH = 1 / 6


def _relu(build: Build, node: onnx.NodeProto) -> None:
    build.module(node, nn.ReLU(), node.input[0])
    build.not_negative.add(node.output[0])


def _clip(build: Build, node: onnx.NodeProto) -> None:
    given = build.attributes(node)
    limits = []
    for place, name, sign in ((1, "min", -1), (2, "max", 1)):
        numbers = build.numbers(node, place)
        limit = numbers[0] if numbers else given.get(name)
        limits.append(None if limit is None or sign * limit >= _FLOAT_MAX else float(limit))
    if not all(limit is None or abs(limit) < _FLOAT_MAX for limit in limits):
        raise RefusedNodeError(f"its limits are {limits[0]} and {limits[1]}")
    low, high = limits
    if low is not None and low >= 0:
        build.not_negative.add(node.output[0])
    if low is None and high is None:
        build.same(node, node.input[0])
    elif (low, high) == (0.0, 6.0):
        build.module(node, nn.ReLU6(), node.input[0])
    elif (low, high) == (0.0, None):
        build.module(node, nn.ReLU(), node.input[0])
    elif low is not None and high is not None:
        if not low < high:
            raise RefusedNodeError(f"its limits are {low} and {high}")
        build.module(node, nn.Hardtanh(low, high), node.input[0])
    else:
        build.function(node, torch.clamp, build.value(node.input[0]), min=low, max=high)


def _hard_sigmoid(build: Build, node: onnx.NodeProto) -> None:
    given = build.attributes(node)
    alpha, beta = given.get("alpha", 0.2), given.get("beta", 0.5)
    if abs(alpha - _SIXTH) > 1e-6 or beta != 0.5:
        raise RefusedNodeError(f"alpha must be 1/6 and beta 0.5, not {alpha:g} and {beta:g}")
    build.module(node, nn.Hardsigmoid(), node.input[0])
    build.not_negative.add(node.output[0])


def _module(make: Callable[[], nn.Module]) -> Converter:
    """A node that is a module without options."""

    def enter(build: Build, node: onnx.NodeProto) -> None:
        build.module(node, make(), node.input[0])

    return enter


def _softmax(make: Callable[[int], nn.Module]) -> Converter:
    def enter(build: Build, node: onnx.NodeProto) -> None:
        rank = len(build.shape(node.input[0]))
        axis = build.attributes(node).get("axis", -1 if build.file.opset >= 13 else 1)
        if rank != 2 or axis % rank != 1:
            raise RefusedNodeError("it must be over the classes of (n, classes)")
        build.module(node, make(1), node.input[0])

    return enter


def _leaky(build: Build, node: onnx.NodeProto) -> None:
    slope = build.attributes(node).get("alpha", 0.01)
    build.module(node, nn.LeakyReLU(slope), node.input[0])


def _dropout(build: Build, node: onnx.NodeProto) -> None:
    if any(build.numbers(node, 2) or []):
        raise RefusedNodeError("drops at inference too: export after network.eval()")
    numbers = build.numbers(node, 1)
    ratio = numbers[0] if numbers else build.attributes(node).get("ratio", 0.5)
    if not 0 <= ratio < 1:
        raise RefusedNodeError(f"its ratio is {ratio}")
    build.module(node, nn.Dropout(ratio), node.input[0])
    if node.input[0] in build.not_negative:
        build.not_negative.add(node.output[0])


def _same(build: Build, node: onnx.NodeProto) -> None:
    build.same(node, node.input[0])


def _cast(build: Build, node: onnx.NodeProto) -> None:
    if build.attributes(node).get("to") != onnx.TensorProto.FLOAT:
        raise RefusedNodeError("only float32 can be cast to")
    build.same(node, node.input[0])


def _two(function: Callable[[Any, Any], Any]) -> Converter:
    """A function of two values or of one and a constant; the layer graph folds or refuses it."""

    def enter(build: Build, node: onnx.NodeProto) -> None:
        build.arithmetic(node, function)

    return enter


def _negative(build: Build, node: onnx.NodeProto) -> None:
    build.function(node, operator.neg, build.value(node.input[0]))


def _concat(build: Build, node: onnx.NodeProto) -> None:
    axis = build.attributes(node)["axis"] % len(build.shape(node.input[0]))
    if axis != 1:
        raise RefusedNodeError(f"only channels can be put together, not the axis {axis}")
    build.function(node, torch.cat, [build.value(name) for name in node.input], 1)
    if build.not_negative.issuperset(node.input):
        build.not_negative.add(node.output[0])


def _reshape(build: Build, node: onnx.NodeProto) -> None:
    """Flatten, Reshape, Squeeze and Unsqueeze, judged by what they make of the shape."""
    name = node.input[0]
    before = build.shape(name)
    after = _shape_after(build, node, before)
    if after == before:
        build.same(node, name)
    elif after == (before[0], prod(before[1:])):
        build.function(node, torch.flatten, build.value(name), 1)
        if name in build.not_negative:
            build.not_negative.add(node.output[0])
    elif after is not None and after[:1] == before[:1] and prod(after) == prod(before):
        build.function(node, torch.reshape, build.value(name), (-1, *after[1:]))
        if name in build.not_negative:
            build.not_negative.add(node.output[0])
    else:
        raise RefusedNodeError(f"makes {after} of {before}, which mixes images")


def _shape_after(
    build: Build, node: onnx.NodeProto, before: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The shape that a node makes; None if it cannot."""
    given = build.attributes(node)
    if node.op_type == "Flatten":
        axis = given.get("axis", 1)
        return (prod(before[:axis]), prod(before[axis:]))
    sizes = list(given.get("axes") or build.numbers(node, 1) or [])
    if node.op_type == "Squeeze":
        gone = {axis % len(before) for axis in sizes} or {
            place for place, size in enumerate(before) if size == 1
        }
        return tuple(size for place, size in enumerate(before) if place not in gone)
    if node.op_type == "Unsqueeze":
        after = list(before)
        for axis in sorted(axis % (len(before) + len(sizes)) for axis in sizes):
            after.insert(axis, 1)
        return tuple(after)
    if not given.get("allowzero", 0):
        sizes = [
            before[place] if size == 0 and place < len(before) else size
            for place, size in enumerate(sizes)
        ]
    rest = prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or rest < 1 or prod(before) % rest:
        return None
    return tuple(prod(before) // rest if size == -1 else size for size in sizes)


def _transpose(build: Build, node: onnx.NodeProto) -> None:
    shape = build.shape(node.input[0])
    order = build.attributes(node).get("perm", list(range(len(shape)))[::-1])
    if list(order) != list(range(len(shape))):
        raise RefusedNodeError(f"axes cannot be put in the order {list(order)}")
    build.same(node, node.input[0])


def _slice(build: Build, node: onnx.NodeProto) -> None:
    """Every n-th row or column, as shortcuts take them."""
    shape = build.shape(node.input[0])
    given = build.attributes(node)
    starts = given.get("starts") or build.numbers(node, 1) or []
    ends = given.get("ends") or build.numbers(node, 2) or []
    axes = given.get("axes") or build.numbers(node, 3) or list(range(len(starts)))
    steps = build.numbers(node, 4) or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise RefusedNodeError("its starts, ends, axes and steps differ in number")
    index = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis % len(shape)
        if start != 0 or end < shape[place] or step < 1:
            raise RefusedNodeError("only every n-th row and column can be taken, from the first")
        index[place] = slice(None, None, step)
    # Exporters write a slice for each axis, where the network had one for all.
    before = build.value(node.input[0])
    if before.target is operator.getitem and build.is_plain(node.input[0]):
        taken: Any = before.args[1]
        apart = all(slice(None) in (old, new) for old, new in zip(taken, index, strict=True))
        if apart:
            index = [max(old, new, key=_is_taken) for old, new in zip(taken, index, strict=True)]
            before = before.all_input_nodes[0]
    build.function(node, operator.getitem, before, tuple(index))
    if node.input[0] in build.not_negative:
        build.not_negative.add(node.output[0])


def _is_taken(part: slice) -> bool:
    return part != slice(None)


PLAIN: dict[str, Converter] = {
    "Relu": _relu,
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _module(nn.Hardswish),
    "LeakyRelu": _leaky,
    "Sigmoid": _module(nn.Sigmoid),
    "Tanh": _module(nn.Tanh),
    "Softmax": _softmax(nn.Softmax),
    "LogSoftmax": _softmax(nn.LogSoftmax),
    "Dropout": _dropout,
    "Identity": _same,
    "Cast": _cast,
    "Mul": _two(operator.mul),
    "Sub": _two(operator.sub),
    "Div": _two(operator.truediv),
    "Neg": _negative,
    "Concat": _concat,
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    "Transpose": _transpose,
    "Slice": _slice,
}
"""Operators without weights and without windows."""
