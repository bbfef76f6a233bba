"""What has been read of a network so far: its steps, and which value each node gives."""

from dataclasses import dataclass, replace

from torch import fx, nn

from arch.layer import INPUT
from sw.capture import Captured, identifier
from sw.node_calls import Call, read_call
from sw.normalise import Normalise
from sw.refusals import RefusedError
from sw.traced import Affine, Norm, TracedLayer, TracedOperation

__all__ = ["Judgement", "PartialGraph", "Value", "path_of", "three"]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What becomes of a node; the fields are those of :class:`sw.examine.Verdict`."""

    verdict: str
    reason: str = ""
    step: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """What a node gives, seen as the value of a step.

    Parameters
    ----------
    step : str
        The step, :data:`INPUT`, or the name of a node that is refused.
    shape : tuple of int
        As torch has it, without the batch; a flat value may be that of a step of three axes.
    alone : bool
        Whether each node from the step's to this one has one reader, so that more can be folded
        into the step.
    before : tuple of BatchNorm or Affine
        What the layer that reads it has to fold into its weights.
    padding : tuple of int
        Likewise zeros around it.
    """

    step: str
    shape: tuple[int, ...]
    alone: bool
    before: tuple[Norm | Affine, ...] = ()
    padding: tuple[int, int] = (0, 0)

    @property
    def plain(self) -> bool:
        """Whether it is the value of its step, with nothing left to fold."""
        return not self.before and self.padding == (0, 0)


class PartialGraph:
    """Steps and values of the nodes that have been read.

    Parameters
    ----------
    captured : Captured
        The network.

    Members
    -------
    steps : dict of str to TracedLayer or TracedOperation
        In execution order.
    values : dict of Node to Value
        Of every node that was read and gives a value of the network.
    normalise : tuple of BatchNorm2d, Normalise or Affine
        What the input goes through first.
    """

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.steps: dict[str, TracedLayer | TracedOperation] = {}
        self.values: dict[fx.Node, Value] = {}
        self.normalise: tuple[Norm | Normalise | Affine, ...] = ()
        self._modules = dict(captured.module.named_modules())
        self._shapes: dict[str, tuple[int, int, int]] = {}

    def call_of(self, node: fx.Node) -> Call:
        """What a node computes."""
        return read_call(node, self.module_of(node))

    def module_of(self, node: fx.Node) -> nn.Module | None:
        """The module that a node calls."""
        return self._modules.get(str(node.target)) if node.op == "call_module" else None

    def shape_of(self, node: fx.Node) -> tuple[int, ...]:
        """What torch says of the shape of a node, without the batch."""
        return self.captured.shapes[node][1:]

    def map_shape(self, step: str) -> tuple[int, int, int]:
        """Channels, height and width that a step gives, or :data:`INPUT`."""
        return self._shapes[step]

    def once(self, node: fx.Node) -> bool:
        """Whether one node reads the value."""
        return len(self.captured.readers(node)) == 1

    def only_value(self, call: Call) -> Value:
        """The only value of the network that a call reads."""
        inputs = [node for node in call.inputs if node in self.values]
        if len(inputs) != 1:
            raise RefusedError(f"an operation of {len(inputs)} values has no step")
        return self.values[inputs[0]]

    def reads_one(self, call: Call) -> bool:
        """Whether a call reads one value of the network, and else constants."""
        return sum(node in self.captured.shapes for node in call.inputs) == 1

    def as_map(self, value: Value) -> tuple[int, int, int]:
        """Shape of a value as a feature map, if it is one as it is."""
        if not value.plain:
            raise RefusedError("reads what only a layer can fold")
        shape = self._shapes[value.step]
        if three(value.shape) != shape or len(value.shape) > 3:
            raise RefusedError(
                f"reads {shape} in the shape {value.shape}: only a Linear can read a map as a "
                "flat value, and nothing reads it in another shape"
            )
        return shape

    def foldable(self, value: Value) -> TracedLayer | TracedOperation | None:
        """The step whose result a value still is, if nothing else reads it."""
        return self.steps.get(value.step) if value.alone and value.plain else None

    def same(self, node: fx.Node, value: Value) -> Value:
        """The value of a node that changes ``value`` in no way that anybody else sees."""
        alone = value.alone and self.once(node)
        return replace(value, shape=self.shape_of(node), alone=alone)

    def name_of(self, node: fx.Node, kind: str) -> str:
        """A new name for an operation."""
        # torch's own modules are on the stack themselves; a function is in the module that calls.
        path = str(node.target) if node.op == "call_module" else path_of(node)
        name = plain = identifier("_".join([*(w for w in path.split(".") if w), kind]))
        count = 1
        while name in self._shapes:
            count += 1
            name = f"{plain}_{count}"
        return name

    def enter(self, node: fx.Node, step: TracedLayer | TracedOperation) -> None:
        """Add a step whose value ``node`` gives."""
        if step.name in self._shapes:
            raise RefusedError("is used twice, or its name is taken: a layer computes one value")
        self.steps[step.name] = step
        self._shapes[step.name] = step.out_shape
        self.values[node] = Value(step=step.name, shape=self.shape_of(node), alone=self.once(node))

    def enter_input(self, node: fx.Node) -> None:
        """Let ``node`` give the input of the first layer."""
        shape = self.shape_of(node)
        self._shapes[INPUT] = three(shape)
        self.values[node] = Value(step=INPUT, shape=shape, alone=self.once(node))

    def enter_refused(self, node: fx.Node) -> None:
        """Let ``node`` give a value, as if it were computed somewhere."""
        shape = self.shape_of(node)
        self._shapes[node.name] = three(shape)
        self.values[node] = Value(step=node.name, shape=shape, alone=False)

    def fold(self, node: fx.Node, value: Value, step: TracedLayer | TracedOperation) -> None:
        """Replace a step by one that computes ``node`` as well."""
        self.steps[step.name] = replace(step, node=node.name)
        self._shapes[step.name] = step.out_shape
        self.values[node] = self.same(node, value)


def three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width of a shape without the batch."""
    sizes = (*shape, 1, 1, 1)[:3]
    return (sizes[0], sizes[1], sizes[2])


def path_of(node: fx.Node) -> str:
    """Dotted name of the module that a node is in; of the node's own, if it calls one."""
    stack = node.meta.get("nn_module_stack") or {"": None}
    return str(next(reversed(stack)))
