"""What the host computes in float: the head before the first layer, the tail after the last one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn

from sw.capture import Captured, capture
from sw.node_reader import NodeReader
from sw.reproducible import reproducible

__all__ = ["HOSTS", "Split", "compute", "split_network", "split_nodes"]

HOSTS = ("head", "tail")
"""What may be computed on the host."""
_BATCH = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Where a network is cut.

    Parameters
    ----------
    start : Node or None
        The node whose value the body reads; None for the input of the network.
    end : Node or None
        The node whose value the body gives; None if the network gives no single value.
    head, tail : frozenset of Node
        What the host computes; ``start`` belongs to the head.
    """

    start: fx.Node | None
    end: fx.Node | None
    head: frozenset[fx.Node] = frozenset()
    tail: frozenset[fx.Node] = frozenset()


def split_network(
    network: nn.Module, in_shape: Sequence[int], on_host: Collection[str]
) -> tuple[nn.Module | None, nn.Module, nn.Module | None]:
    """Cut a network into what the host computes and what goes to the engine.

    The parts share their modules, and the names of them, with the network. Nothing is cut off that
    can be mapped: a head ends where the rest can be read from, a tail begins behind the last layer
    and what is folded into it.

    Parameters
    ----------
    network : Module
    in_shape : sequence of int
        Channels, height and width of an image.
    on_host : collection of str
        Any of :data:`HOSTS`; what is not named stays in the body.

    Returns
    -------
    head, body, tail : Module or None
        ``tail(body(head(images)))`` is what the network gives. ``body`` is the network itself if
        nothing is cut off. The tail takes scores of shape (n, C, H, W) as well.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be traced.
    """
    captured = capture(network, in_shape)
    split = split_nodes(captured, on_host)
    if not split.head and not split.tail:
        return None, network, None
    output = next(node for node in captured.module.graph.nodes if node.op == "output")
    ends = [split.end if split.tail else output.args[0], output.args[0]]
    head = _part(captured, None, split.start) if split.head else None
    body = _part(captured, split.start, ends[0])
    tail = _part(captured, split.end, ends[1]) if split.tail else None
    if tail is not None and split.end is not None:
        _reshape_first(tail, captured.shapes[split.end][1:])
    return head, body, tail


def split_nodes(captured: Captured, on_host: Collection[str]) -> Split:
    """Where to cut; the whole network is the body if nothing has to be cut off."""
    nodes = list(captured.module.graph.nodes)
    given = nodes[-1].args[0] if nodes and nodes[-1].op == "output" else None
    end = given if isinstance(given, fx.Node) else None
    split = Split(start=None, end=end)
    if "head" in on_host:
        split = _with_head(captured, split)
    if "tail" in on_host and end is not None:
        split = _with_tail(captured, split)
    return split


def compute(module: nn.Module, values: np.ndarray) -> np.ndarray:
    """What a head or a tail gives for float32 values of many images, some at a time."""
    training = module.training
    module.eval()
    try:
        with reproducible(), torch.no_grad():
            parts = [module(batch) for batch in torch.from_numpy(values).split(_BATCH)]
    finally:
        module.train(training)
    return torch.cat(parts).float().numpy()


def _read(captured: Captured, start: fx.Node | None, head: Collection[fx.Node]) -> NodeReader:
    reader = NodeReader(captured, start=start)
    for node in captured.module.graph.nodes:
        if node.op != "output" and node not in head:
            reader.read(node)
    return reader


def _refused_at_start(reader: NodeReader) -> list[fx.Node]:
    """Refused nodes that no layer comes before; the first layers are among them."""
    behind: set[fx.Node] = set()
    for node in reader.captured.module.graph.nodes:
        if any(n in behind or n in reader.layer_nodes for n in node.all_input_nodes):
            behind.add(node)
    return [n for n, j in reader.judged.items() if j.verdict == "refused" and n not in behind]


def _with_head(captured: Captured, split: Split) -> Split:
    """The shortest head behind which everything before the layers can be read."""
    reader = _read(captured, None, ())
    refused = [node for node in _refused_at_start(reader) if node not in reader.layer_nodes]
    for node in captured.module.graph.nodes if refused else ():
        head = _before(node)
        if node not in captured.shapes or not head.isdisjoint(reader.layer_nodes):
            continue
        closed = all(user in head for n in head if n is not node for user in n.users)
        if not closed or not head.issuperset(refused):
            continue
        if not _refused_at_start(_read(captured, node, head)):
            return Split(start=node, end=split.end, head=frozenset(head))
    return split


def _with_tail(captured: Captured, split: Split) -> Split:
    """What comes behind the last layer and what is folded into it."""
    reader = _read(captured, split.start, split.head)
    layers = reader.module_layers
    nodes = [node for node in captured.module.graph.nodes if node.op != "output"]
    for end in reversed(nodes):
        value = reader.graph.values.get(end)
        if not layers or value is None or value.step != layers[-1] or value.before:
            continue
        if end is split.end:
            return split
        body = _before(end) | {n for n in nodes if n in captured.constants or n in split.head}
        tail = [node for node in nodes if node not in body]
        fed = {n for node in tail for n in node.all_input_nodes}
        if all(n is end or n in captured.constants or n not in body for n in fed):
            return Split(start=split.start, end=end, head=split.head, tail=frozenset(tail))
    return split


def _before(node: fx.Node) -> set[fx.Node]:
    """A node and everything that it is computed from."""
    found, waiting = {node}, [node]
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _reshape_first(tail: fx.GraphModule, shape: tuple[int, ...]) -> None:
    """Let a tail take values of any shape with as many elements."""
    (scores,) = (node for node in tail.graph.nodes if node.op == "placeholder")
    with tail.graph.inserting_after(scores):
        step = tail.graph.call_function(torch.reshape, (scores, (-1, *shape)))
    scores.replace_all_uses_with(step, lambda user: user is not step)
    tail.recompile()


def _part(captured: Captured, start: fx.Node | None, end: fx.Node | None) -> fx.GraphModule:
    """The computation from the value of one node to that of another."""
    if end is None:
        raise ValueError("a network must give one value: the scores")
    wanted = set() if end is start else {end}
    waiting = list(wanted)
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in wanted and source is not start:
                wanted.add(source)
                waiting.append(source)
    graph = fx.Graph()
    copied: dict[fx.Node, fx.Node] = {}
    if start is not None:
        copied[start] = graph.placeholder("images")
    for node in captured.module.graph.nodes:
        if node in wanted:
            copied[node] = graph.node_copy(node, copied.__getitem__)
    graph.output(copied[end])
    return fx.GraphModule(captured.module, graph)
