"""Reads what is folded into layers: scales, offsets, limits, and what only flattens or renames."""

from dataclasses import replace

import torch
from torch import fx, nn

from arch.layer import INPUT
from sw.capture import identifier
from sw.conv_padding import conv_padding
from sw.folding import affine_of, affine_of_normalise, bounds, clamp_of, moved_limits
from sw.node_calls import Call
from sw.normalise import Normalise
from sw.partial_graph import Judgement, PartialGraph, Value
from sw.refusals import RefusedError, refusal
from sw.traced import Affine, Clamp, Norm, TracedLayer, TracedOperation

__all__ = ["read_affine", "read_arithmetic", "read_clamp", "read_hardsigmoid", "read_same"]

_NONE = Clamp()
_SCALES = ("add", "subtract", "multiply", "divide", "negate")
"""What scales and offsets, if it reads one value of the network and else constants."""
_SAME = ("identity", "dropout", "flatten", "reshape")
_OWN = "folds into no layer before or behind: a layer of one weight a channel"


def read_same(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """What only renames or flattens: the order of the elements stays."""
    if call.kind == "dropout" and call.module is None and call.options["training"]:
        raise RefusedError("always drops values: give it training=self.training")
    value = graph.only_value(call)
    read = next(n for n in call.inputs if n in graph.values)
    if graph.captured.shapes[node][:1] != graph.captured.shapes[read][:1]:
        raise RefusedError("mixes images: flatten with x.flatten(1)")
    graph.values[node] = graph.same(node, value)
    reason = "drops nothing at inference" if call.kind == "dropout" else "computes nothing"
    return Judgement(verdict="folded", reason=reason)


def read_affine(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """Batch normalisation, normalisation of pixels, or arithmetic with constants."""
    value = graph.only_value(call)
    return _scaled(graph, node, value, affine_of(call, value.shape, graph.captured.constants))


def read_arithmetic(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """A difference, a product or a quotient."""
    if call.options.get("alpha", 1) != 1:
        raise RefusedError("only without alpha: multiply before it")
    if graph.reads_one(call):
        return read_affine(graph, node, call)
    raise RefusedError(refusal(call, node))


def read_hardsigmoid(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """``clamp(x / 6 + 1 / 2, 0, 1)``."""
    transform = Affine(scale=1 / 6, offset=0.5)
    return _scaled(graph, node, graph.only_value(call), transform, Clamp(low=0.0, high=1.0))


def read_clamp(graph: PartialGraph, node: fx.Node, call: Call) -> Judgement:
    """A ReLU or other limits: of the step before, or of a maximum of one element."""
    value, limits = graph.only_value(call), clamp_of(call)
    if not value.plain:
        raise RefusedError("reads what only a layer can fold")
    known, step = bounds(value.step, graph.steps), graph.foldable(value)
    if known.then(limits) == known:
        graph.values[node] = graph.same(node, value)
        return Judgement(verdict="folded", reason="no value is outside its limits")
    whole = isinstance(step, TracedLayer) or (
        step is not None and step.kind != "shortcut" and not step.part
    )
    if step is not None and whole:
        graph.fold(node, value, replace(step, clamp=step.clamp.then(limits)))
        return Judgement(verdict="folded", reason="into the step before", step=step.name)
    shape = graph.as_map(value)
    made = TracedOperation(
        name=graph.name_of(node, "clamp"),
        kind="max_pool",
        sources=(value.step,),
        clamp=limits,
        in_shape=shape,
        out_shape=shape,
        kernel=(1, 1),
        node=node.name,
    )
    graph.enter(node, made)
    return Judgement(
        verdict="engine", reason="a maximum of one element, with limits", step=made.name
    )


def _scaled(
    graph: PartialGraph,
    node: fx.Node,
    value: Value,
    transform: Norm | Normalise | Affine,
    limits: Clamp = _NONE,
) -> Judgement:
    """Fold a scale and an offset, and limits behind them, into a layer or into the input."""
    first = value.step == INPUT and value.alone and value.plain and _keeps_order(transform)
    if first and value.shape == graph.map_shape(INPUT) and not limits.limits:
        graph.normalise = (*graph.normalise, transform)
        graph.values[node] = graph.same(node, value)
        return Judgement(verdict="folded", reason="into the codes of the input")
    if isinstance(transform, Normalise):
        transform = affine_of_normalise(transform)
    step = graph.foldable(value)
    # Its channels are no channels of the map any more.
    flat = value.shape[0] != graph.map_shape(value.step)[0]
    behind = None if limits.limits else _layer_behind(graph, node)
    if flat and behind is not None and isinstance(graph.module_of(behind), nn.Conv2d):
        behind = None
    # Limits that move would be limits of other codes: a ReLU would not end at 0 any more.
    free = behind is None or (isinstance(step, TracedLayer) and not step.clamp.limits)
    if isinstance(step, TracedLayer) and not flat and free:
        clamp = moved_limits(step.clamp, transform)
        if clamp is not None:
            after = (*step.after, transform)
            graph.fold(node, value, replace(step, after=after, clamp=clamp.then(limits)))
            return Judgement(verdict="folded", reason="into the layer before", step=step.name)
    if behind is not None:
        before = (*value.before, transform)
        graph.values[node] = replace(graph.same(node, value), before=before)
        name = identifier(str(behind.target))
        return Judgement(verdict="folded", reason="into the layer behind", step=name)
    if flat:
        raise RefusedError(
            f"scales values of shape {value.shape}, which are no channels of the map that was "
            "reshaped, and no Linear alone reads what it gives: put it before the reshaping, or "
            "directly before a Linear"
        )
    shape, target = graph.as_map(value), str(node.target)
    name = identifier(target) if node.op == "call_module" else graph.name_of(node, "scale")
    layer = TracedLayer(
        name=name,
        module=None,
        after=(transform,),
        clamp=limits,
        source=value.step,
        in_shape=shape,
        out_shape=shape,
        node=node.name,
    )
    graph.enter(node, layer)
    return Judgement(verdict="mapped", reason=_OWN, step=name)


def _keeps_order(transform: Norm | Normalise | Affine) -> bool:
    """Whether all scales are above 0, as those of the codes of the input must be.

    Where weights have no values, they are taken to be.
    """
    scale = transform.scale if isinstance(transform, Affine) else None
    if isinstance(transform, Norm):
        scale = transform.weight
    if isinstance(scale, torch.Tensor):
        return scale.is_meta or bool((scale > 0).all())
    return scale is None or scale > 0


def _layer_behind(graph: PartialGraph, node: fx.Node) -> fx.Node | None:
    """The layer that alone reads a value, and into whose weights an offset can be folded."""
    while graph.once(node):
        (node,) = graph.captured.readers(node)
        call = graph.call_of(node)
        if isinstance(call.module, nn.Conv2d):
            # Around the map are zeros, which the offset would have to change as well.
            return node if conv_padding(call.module) == (0, 0) else None
        if isinstance(call.module, nn.Linear):
            return node
        scales = call.kind in _SCALES and graph.reads_one(call)
        if not scales and call.kind not in (*_SAME, "batch_norm"):
            return None
    return None
