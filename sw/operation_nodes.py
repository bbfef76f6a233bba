"""Reads layers, and the operations between them that are exact integers beside the crossbars."""

from dataclasses import replace
from math import prod

from torch import fx, nn

from sw.capture import identifier
from sw.conv_padding import conv_padding
from sw.fold_nodes import read_affine, read_same
from sw.host_nodes import padded_channels, padded_space, slice_stride
from sw.node_calls import Call
from sw.partial_graph import Judgement, PartialGraph, Value, three
from sw.pool_nodes import read_pool
from sw.refusals import RefusedError
from sw.traced import TracedLayer, TracedOperation

__all__ = ["read_add", "read_concat", "read_layer", "read_pad", "read_pooling", "read_slice"]


def read_layer(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """A convolution or a fully connected layer."""
    module, value = call.module, graph.only_value(call)
    padding = (0, 0)
    if isinstance(module, nn.Conv2d):
        own = _padding(module)
        padding = (own[0] + value.padding[0], own[1] + value.padding[1])
        shape = graph.as_map(replace(value, before=(), padding=(0, 0)))
    elif isinstance(module, nn.Linear) and len(value.shape) == 1:
        shape = graph.map_shape(value.step)
    else:
        raise RefusedError(
            f"reads {value.shape}, but a Linear must read a flat value: flatten it first"
        )
    layer = TracedLayer(
        name=identifier(str(node.target)),
        module=module,
        before=value.before,
        source=value.step,
        in_shape=shape,
        out_shape=three(graph.shape_of(node)),
        padding=padding,
        node=node.name,
    )
    graph.enter(node, layer)
    return Judgement(verdict="mapped", step=layer.name)


def read_add(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """The sum of two values of the network, or of one and a constant."""
    values = [graph.values[n] for n in call.inputs if n in graph.values]
    if call.options.get("alpha", 1) != 1:
        raise RefusedError("only two values of the network can be added, without alpha")
    if graph.reads_one(call):
        return read_affine(graph, node, call)
    if len({value.shape for value in values}) != 1:
        shapes = " and ".join(str(value.shape) for value in values)
        raise RefusedError(f"values of one shape can be added, not {shapes}")
    maps = {graph.as_map(value) for value in values}
    if len(maps) != 1:
        raise RefusedError(f"values of one shape can be added, not {maps}")
    made = _operation(graph, node, "add", values, out_shape=maps.pop())
    graph.enter(node, made)
    return Judgement(verdict="engine", step=made.name)


def read_pooling(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """A maximum or a mean over windows or over the whole map."""
    value = graph.only_value(call)
    shape, given = graph.as_map(value), graph.shape_of(node)
    pool = read_pool(call, value.shape, given)
    if (pool.kernel, pool.stride, pool.padding) == ((1, 1), (1, 1), (0, 0)):
        return read_same(graph, node, call)
    size = three(given)
    if pool.kernel is not None and len(given) < 3:
        size = (shape[0], shape[1] // pool.kernel[0], shape[2] // pool.kernel[1])
    made = replace(
        _operation(graph, node, pool.kind, [value], out_shape=size),
        kernel=pool.kernel,
        stride=pool.stride,
        padding=pool.padding,
    )
    graph.enter(node, made)
    return Judgement(verdict="engine", step=made.name)


def read_slice(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """Every n-th row and column."""
    value, stride = graph.only_value(call), slice_stride(node)
    made = _operation(graph, node, "shortcut", [value], out_shape=three(graph.shape_of(node)))
    graph.enter(node, replace(made, stride=stride))
    return Judgement(verdict="engine", step=made.name)


def read_pad(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """New channels of zeros, or zeros around the map that the next layer adds."""
    value = graph.only_value(call)
    channels, space = padded_channels(call.options), padded_space(call.options)
    if channels is not None:
        return _new_channels(graph, node, value, channels[0])
    readers = graph.captured.readers(node)
    module = graph.module_of(readers[0]) if len(readers) == 1 else None
    if space is None or value.before or not isinstance(module, nn.Conv2d):
        raise RefusedError(
            "only channels can be padded, or all sides of what one Conv2d reads, opposite sides "
            f"alike, with zeros, not {call.options['pad']}"
        )
    graph.as_map(replace(value, padding=(0, 0)))
    padding = (value.padding[0] + space[0], value.padding[1] + space[1])
    # Its shape stays that of the map: the layer adds the zeros.
    graph.values[node] = replace(value, padding=padding, alone=False)
    name = identifier(str(readers[0].target))
    return Judgement(verdict="folded", reason="into the layer behind", step=name)


def _new_channels(graph: PartialGraph, node: fx.Node, value: Value, before: int) -> Judgement:
    """Zeros as channels; a shortcut that takes every n-th row gives them itself."""
    step, out = graph.foldable(value), three(graph.shape_of(node))
    strided = isinstance(step, TracedOperation) and step.kind == "shortcut"
    if isinstance(step, TracedOperation) and strided and step.out_shape[0] == step.in_shape[0]:
        graph.fold(node, value, replace(step, channels_before=before, out_shape=out))
        return Judgement(verdict="engine", step=step.name)
    made = _operation(graph, node, "shortcut", [value], out_shape=out)
    graph.enter(node, replace(made, channels_before=before))
    return Judgement(verdict="engine", step=made.name)


def read_concat(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """Each source at its channels between zeros, and their sum.

    All sums have one scale, that of the whole, so that each value is rounded once.
    """
    values = [graph.values[n] for n in call.inputs if n in graph.values]
    axis = call.options["axis"] if call.options["axis"] is not None else call.options["dim"]
    if len(values) != len(call.inputs):
        raise RefusedError("only values of the network can be joined, not constants")
    if axis % (len(values[0].shape) + 1) != 1:
        raise RefusedError(f"values can be joined over channels alone, dim=1, not dim={axis}")
    if len(values) == 1:
        return read_same(graph, node, call)
    shapes = [graph.as_map(_unflattened(graph, value)) for value in values]
    if len({shape[1:] for shape in shapes}) != 1:
        raise RefusedError(f"joins values of different heights and widths: {shapes}")
    whole = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    name, before, sums = graph.name_of(node, "concat"), 0, ""
    for number, (value, shape) in enumerate(zip(values, shapes, strict=True)):
        part = TracedOperation(
            name=f"{name}_part{number}",
            kind="shortcut",
            sources=(value.step,),
            in_shape=shape,
            out_shape=whole,
            channels_before=before,
            part=True,
            node=node.name,
        )
        graph.enter(node, part)
        before += shape[0]
        if not number:
            sums = part.name
            continue
        total = replace(
            part,
            name=name if number == len(values) - 1 else f"{name}_sum{number}",
            kind="add",
            sources=(sums, part.name),
            in_shape=whole,
            channels_before=0,
        )
        graph.enter(node, total)
        sums = total.name
    return Judgement(
        verdict="engine", reason="each source between channels of zeros, and their sum", step=name
    )


def _unflattened(graph: PartialGraph, value: Value) -> Value:
    """Joined flat values are the joined maps, flattened: channels come first."""
    shape = graph.map_shape(value.step)
    return replace(value, shape=shape) if value.shape == (prod(shape),) else value


def _operation(
    graph: PartialGraph,
    node: fx.Node,
    kind: str,
    values: list[Value],
    *,
    out_shape: tuple[int, int, int],
) -> TracedOperation:
    return TracedOperation(
        name=graph.name_of(node, kind),
        kind=kind,
        sources=tuple(value.step for value in values),
        in_shape=graph.as_map(values[0]),
        out_shape=out_shape,
        node=node.name,
    )


def _padding(module: nn.Conv2d) -> tuple[int, int]:
    if module.padding_mode != "zeros":
        raise RefusedError(f"padding must be filled with zeros, not {module.padding_mode}")
    found = conv_padding(module)
    if found is None:
        raise RefusedError(
            f"padding 'same' is not the same on all sides of a kernel of {module.kernel_size}; "
            "use an odd kernel"
        )
    return found
