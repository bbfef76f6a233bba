"""ONNX nodes that look at windows of an image: what of them convolutions share, and pooling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx
import torch
import torch.nn.functional as F
from torch import nn

from sw.imports.onnx_build import Build, Converter, RefusedNodeError

__all__ = ["WINDOWS", "Window", "take_window"]

_SIZE_MAX = 1 << 12


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where windows lie, and of what."""

    source: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    zeros_before: bool


def take_window(build: Build, node: onnx.NodeProto, *, kernel: Sequence[int] = ()) -> Window:
    """The windows of a node; zeros that a node before it pads with are taken in.

    Parameters
    ----------
    kernel : sequence of int, optional
        Its size, where weights tell; else an attribute does.

    Raises
    ------
    RefusedNodeError
        If it pads more on one side than on the other, or is not of two dimensions.
    """
    given = build.attributes(node)
    size = _pair(given.get("kernel_shape", list(kernel)), "kernel_shape")
    if kernel and size != tuple(kernel):
        raise RefusedNodeError(f"kernel_shape is {size}, but the weights are {tuple(kernel)}")
    stride = _pair(given.get("strides", [1, 1]), "strides")
    dilation = _pair(given.get("dilations", [1, 1]), "dilations")
    source = node.input[0]
    pads = _pads(build, node, size, stride, dilation)
    padded = build.padded.get(source)
    if padded is not None:
        source, more = padded
        pads = (pads[0] + more[0], pads[1] + more[1], pads[2] + more[2], pads[3] + more[3])
    if pads[:2] != pads[2:]:
        raise RefusedNodeError(
            f"pads {pads[0]}, {pads[1]} before and {pads[2]}, {pads[3]} behind; only as much on "
            f"both sides can be mapped"
        )
    return Window(
        source=source,
        kernel=size,
        stride=stride,
        padding=(pads[0], pads[1]),
        dilation=dilation,
        zeros_before=padded is not None,
    )


def _pads(
    build: Build,
    node: onnx.NodeProto,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[int, int, int, int]:
    """Padding before (height, width) and behind."""
    given = build.attributes(node)
    mode = given.get("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        pads = given.get("pads", [0, 0, 0, 0])
        if len(pads) != 4 or not all(0 <= pad <= _SIZE_MAX for pad in pads):
            raise RefusedNodeError(f"pads must be four sizes, not {pads}")
        return (pads[0], pads[1], pads[2], pads[3])
    if mode == "VALID":
        return (0, 0, 0, 0)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise RefusedNodeError(f"auto_pad {mode} is unknown")
    name = node.input[0]
    source, more = build.padded.get(name, (name, (0, 0, 0, 0)))
    height, width = build.shape(source)[2:]
    sizes = (height + more[0] + more[2], width + more[1] + more[3])
    total = []
    for size, window, step, gap in zip(sizes, kernel, stride, dilation, strict=True):
        count = -(-size // step)
        total.append(max(0, (count - 1) * step + (window - 1) * gap + 1 - size))
    before = [all_ // 2 if mode == "SAME_UPPER" else all_ - all_ // 2 for all_ in total]
    return (before[0], before[1], total[0] - before[0], total[1] - before[1])


def _pair(sizes: Sequence[int], what: str) -> tuple[int, int]:
    if len(sizes) != 2 or not all(1 <= size <= _SIZE_MAX for size in sizes):
        raise RefusedNodeError(f"{what} must be two sizes, not {list(sizes)}")
    return (sizes[0], sizes[1])


def _max_pool(build: Build, node: onnx.NodeProto) -> None:
    window = take_window(build, node)
    if window.zeros_before and window.source not in build.not_negative:
        raise RefusedNodeError("zeros are padded before it, which may be above the maximum")
    ceil = bool(build.attributes(node).get("ceil_mode", 0))
    sizes = (window.kernel, window.stride, window.padding, window.dilation, ceil)
    made = nn.MaxPool2d(*sizes[:4], ceil_mode=ceil)
    build.module_or_function(node, made, window.source, F.max_pool2d, *sizes)
    _keep_sign(build, node, window.source)


def _average_pool(build: Build, node: onnx.NodeProto) -> None:
    window = take_window(build, node)
    given = build.attributes(node)
    if window.dilation != (1, 1):
        raise RefusedNodeError("dilations must be 1")
    counted = bool(given.get("count_include_pad", 0))
    own = any(given.get("pads", ())) or given.get("auto_pad", "").startswith("SAME")
    if window.zeros_before and not counted and own:
        raise RefusedNodeError("zeros are padded before it, and its own padding is not counted")
    counted = counted or window.zeros_before or window.padding == (0, 0)
    options = (
        *(window.kernel, window.stride, window.padding),
        *(bool(given.get("ceil_mode", 0)), counted),
    )
    build.module_or_function(node, nn.AvgPool2d(*options), window.source, F.avg_pool2d, *options)
    _keep_sign(build, node, window.source)


def _global_average(build: Build, node: onnx.NodeProto) -> None:
    made = nn.AdaptiveAvgPool2d(1)
    build.module_or_function(node, made, node.input[0], F.adaptive_avg_pool2d, 1)
    _keep_sign(build, node, node.input[0])


def _global_max(build: Build, node: onnx.NodeProto) -> None:
    made = nn.AdaptiveMaxPool2d(1)
    build.module_or_function(node, made, node.input[0], F.adaptive_max_pool2d, 1)
    _keep_sign(build, node, node.input[0])


def _reduce_mean(build: Build, node: onnx.NodeProto) -> None:
    _reduce(build, node, torch.mean)


def _reduce_max(build: Build, node: onnx.NodeProto) -> None:
    _reduce(build, node, torch.amax)


def _reduce(build: Build, node: onnx.NodeProto, function: Callable[..., torch.Tensor]) -> None:
    """A mean or a maximum over some axes, but never over the images."""
    given = build.attributes(node)
    rank = len(build.shape(node.input[0]))
    axes = given.get("axes") or build.numbers(node, 1) or list(range(rank))
    places = sorted(axis % rank for axis in axes)
    if 0 in places:
        raise RefusedNodeError(f"goes over the axes {list(axes)}, which mixes images")
    keep = bool(given.get("keepdims", 1))
    build.function(node, function, build.value(node.input[0]), places, keepdim=keep)
    _keep_sign(build, node, node.input[0])


def _pad(build: Build, node: onnx.NodeProto) -> None:
    given = build.attributes(node)
    rank = len(build.shape(node.input[0]))
    pads = given.get("pads") or build.numbers(node, 1) or []
    axes = build.numbers(node, 3)
    value = build.numbers(node, 2) or [given.get("value", 0.0)]
    if given.get("mode", "constant") != "constant" or value != [0.0]:
        raise RefusedNodeError("only zeros can be padded")
    if axes is not None:
        places = [axis % rank for axis in axes]
        if len(pads) != 2 * len(places) or len(set(places)) != len(places):
            raise RefusedNodeError("its pads are not two for each axis")
        full = [0] * (2 * rank)
        for number, place in enumerate(places):
            full[place], full[place + rank] = pads[number], pads[number + len(places)]
        pads = full
    if rank != 4 or len(pads) != 8 or not all(0 <= pad <= _SIZE_MAX for pad in pads):
        raise RefusedNodeError(f"pads must be eight sizes of at least 0, not {pads}")
    name, output = node.input[0], node.output[0]
    before, behind = pads[:4], pads[4:]
    if not any(pads):
        build.same(node, name)
    elif not any((*before[:2], *behind[:2])) and build.follower(output) in (
        *("Conv", "MaxPool", "AveragePool"),
    ):
        build.padded[output] = (name, (before[2], before[3], behind[2], behind[3]))
    else:
        sizes = [size for axis in (3, 2, 1, 0) for size in (before[axis], behind[axis])]
        while sizes[-2:] == [0, 0]:
            del sizes[-2:]
        build.function(node, F.pad, build.value(name), sizes)


def _keep_sign(build: Build, node: onnx.NodeProto, source: str) -> None:
    if source in build.not_negative:
        build.not_negative.add(node.output[0])


WINDOWS: dict[str, Converter] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _global_max,
    "ReduceMean": _reduce_mean,
    "ReduceMax": _reduce_max,
    "Pad": _pad,
}
"""Operators that pool, and padding."""
