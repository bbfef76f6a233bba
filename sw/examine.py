"""What becomes of every part of a network: on crossbars, beside them, folded, or refused."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from torch import fx, nn

from sw.capture import Captured, capture
from sw.host_split import HOSTS, Split, split_nodes
from sw.node_reader import NodeReader, place_of
from sw.partial_graph import Judgement
from sw.traced import TracedLayer, TracedNetwork

__all__ = ["VERDICTS", "Examination", "Verdict", "examine", "refusal"]

VERDICTS = ("mapped", "engine", "folded", "host", "refused")
"""On crossbars; exact integers beside them; into another step; in float on the host; not at all."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of one operation of a network.

    Parameters
    ----------
    place : str
        Dotted name of the module, or of the node in the module that calls a function.
    operation : str
        What it is, for people: ``Conv2d 3x3, stride 2``.
    shape : tuple of int or None
        What it gives, without the batch; None if it cannot be computed.
    verdict : str
        One of :data:`VERDICTS`.
    reason : str
        Into what it is folded, or why it is refused and what to change.
    step : str or None
        Name of our layer or operation.
    """

    place: str
    operation: str
    shape: tuple[int, ...] | None
    verdict: str
    reason: str = ""
    step: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Examination:
    """Verdicts of all operations in execution order; ``traced`` is None if one is refused."""

    verdicts: tuple[Verdict, ...]
    traced: TracedNetwork | None

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """The verdicts that keep the network from being mapped."""
        return tuple(verdict for verdict in self.verdicts if verdict.verdict == "refused")


def refusal(verdicts: Sequence[Verdict]) -> str:
    """Places and operations with the reason why they are refused, every reason once."""
    places: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        places.setdefault(verdict.reason, {})[f"{verdict.place} ({verdict.operation})"] = None
    return "; ".join(f"{', '.join(where)}: {reason}" for reason, where in places.items())


def examine(
    network: nn.Module, in_shape: Sequence[int], *, on_host: Collection[str] = ()
) -> Examination:
    """Judge every operation of a network; nothing is computed.

    Parameters
    ----------
    network : Module
        On any device, torch's ``meta`` among them; not changed.
    in_shape : sequence of int
        Channels, height and width of an image.
    on_host : collection of str
        What the host may compute in float: ``head``, what comes before the first layer, and
        ``tail``, what comes after the last one; see :mod:`sw.host_split`.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be traced at all, or ``on_host`` names something else.
    """
    if wrong := sorted(set(on_host) - set(HOSTS)):
        raise ValueError(f"on_host may have {' and '.join(HOSTS)}, not {wrong[0]!r:.80}")
    captured = capture(network, in_shape)
    split = split_nodes(captured, on_host)
    reader = NodeReader(captured, start=split.start)
    verdicts: list[Verdict] = []
    for node in captured.module.graph.nodes:
        judgement = _judge(node, reader, split)
        if judgement is not None:
            shape = captured.shapes.get(node)
            text = "input" if node.op == "placeholder" else reader.graph.call_of(node).text
            verdicts.append(
                Verdict(
                    place=place_of(node),
                    operation=text,
                    shape=None if shape is None else shape[1:],
                    verdict=judgement.verdict,
                    reason=judgement.reason,
                    step=judgement.step,
                )
            )
    verdicts.extend(_end(captured, reader, split))
    steps = tuple(reader.graph.steps.values())
    done = not any(verdict.verdict == "refused" for verdict in verdicts)
    traced = None
    if done:
        shape = reader.in_shape
        traced = TracedNetwork(steps=steps, normalise=reader.graph.normalise, in_shape=shape)
    return Examination(verdicts=tuple(verdicts), traced=traced)


def _judge(node: fx.Node, reader: NodeReader, split: Split) -> Judgement | None:
    if node in split.head or node in split.tail:
        if node in reader.captured.numbers or node.op in ("placeholder", "get_attr"):
            return None
        where = "before the first layer" if node in split.head else "after the last layer"
        return Judgement(verdict="host", reason=where)
    if node.op != "output":
        reader.read(node)
    return reader.judged.get(node)


def _end(captured: Captured, reader: NodeReader, split: Split) -> list[Verdict]:
    """A refusal of the network as a whole, if its last value is not that of its last layer."""
    if not any(isinstance(step, TracedLayer) for step in reader.graph.steps.values()):
        return [_refused("network", "has no convolution and no fully connected layer")]
    output = split.end
    if output is None:
        return [_refused("output", "a network must give one value: the scores")]
    judged = reader.judged.get(output)
    if judged is not None and judged.verdict == "refused":
        return []  # which says it already
    value = reader.graph.values.get(output)
    last = list(reader.graph.steps.values())[-1]
    if not isinstance(last, TracedLayer) or value is None or value.step != last.name:
        return [
            _refused(
                place_of(output),
                "the last step of a network must be the layer that gives the scores; let the host "
                "compute what comes behind it: model.on_host: [tail]",
            )
        ]
    return []


def _refused(place: str, reason: str) -> Verdict:
    return Verdict(place=place, operation="output", shape=None, verdict="refused", reason=reason)
