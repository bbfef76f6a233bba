"""Reads the nodes of a traced network, one after the other, into layers and operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod

from torch import fx, nn

from arch.layer import INPUT
from sw.capture import Captured, identifier
from sw.conv_padding import conv_padding
from sw.folding import affine_of, affine_of_normalise, bounds, clamp_of, moved_limits
from sw.host_nodes import padded_channels, padded_space, slice_stride
from sw.node_calls import Call, read_call
from sw.normalise import Normalise
from sw.pool_nodes import POOLS, read_pool
from sw.refusals import RefusedError, refusal
from sw.traced import Affine, Clamp, Norm, TracedLayer, TracedOperation

__all__ = ["Judgement", "NodeReader", "place_of"]

_NONE = Clamp()
_SCALES = ("add", "subtract", "multiply", "divide", "negate")
"""What scales and offsets, if it reads one value of the network and else constants."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What becomes of a node; the fields are those of :class:`sw.examine.Verdict`."""

    verdict: str
    reason: str = ""
    step: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Value:
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


def place_of(node: fx.Node) -> str:
    """Dotted name of a node: its module's, or its own in the module that calls the function."""
    if node.op == "call_module":
        return str(node.target)
    return ".".join(part for part in (_path(node), node.name) if part)


def _path(node: fx.Node) -> str:
    stack = node.meta.get("nn_module_stack") or {"": None}
    return str(next(reversed(stack)))


class NodeReader:
    """The steps of a network, and a judgement of every node.

    Parameters
    ----------
    captured : Captured
        The network; :meth:`read` is to be called with its nodes in order.
    start : Node, optional
        The node whose value is the input of the first layer; the input of the network otherwise.
    """

    def __init__(self, captured: Captured, *, start: fx.Node | None = None) -> None:
        self.captured = captured
        self.steps: dict[str, TracedLayer | TracedOperation] = {}
        self.judged: dict[fx.Node, Judgement] = {}
        self.normalise: tuple[Norm | Normalise | Affine, ...] = ()
        self.values: dict[fx.Node, _Value] = {}
        self._modules = dict(captured.module.named_modules())
        self._shapes: dict[str, tuple[int, int, int]] = {}
        self.layer_nodes = [n for n in captured.module.graph.nodes if self._is_layer(n)]
        self._judges: Mapping[str, Callable[[fx.Node, Call], Judgement]] = {
            "conv2d": self._layer,
            "linear": self._layer,
            "batch_norm": self._affine,
            "normalise": self._affine,
            "hardsigmoid": self._hardsigmoid,
            **dict.fromkeys(("identity", "dropout", "flatten", "reshape"), self._same),
            **dict.fromkeys(("relu", "relu6", "hardtanh"), self._clamp),
            **dict.fromkeys(("clamp", "clamp_min", "clamp_max"), self._clamp),
            "add": self._add,
            **dict.fromkeys(("subtract", "multiply", "divide", "negate"), self._arithmetic),
            "concat": self._concat,
            **dict.fromkeys(POOLS, self._pool),
            "slice": self._slice,
            "pad": self._pad,
        }
        if start is not None:
            self._input(start)

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the input."""
        return self._shapes[INPUT]

    @property
    def module_layers(self) -> list[str]:
        """Names of the layers whose weights are those of a module."""
        return [
            name
            for name, step in self.steps.items()
            if isinstance(step, TracedLayer) and step.module is not None
        ]

    def call_of(self, node: fx.Node) -> Call:
        """What a node computes."""
        return read_call(node, self._module(node))

    def read(self, node: fx.Node) -> None:
        """Judge one node; those before it have been."""
        if node.op == "placeholder":
            self._input(node)
            return
        if node in self.captured.numbers or node in self.captured.constants:
            return
        if node not in self.captured.shapes:
            said = self.captured.failures.get(node, "it reads what has no shape")
            self.judged[node] = Judgement(verdict="refused", reason=f"cannot be computed: {said}")
            return
        call = self.call_of(node)
        try:
            self.judged[node] = self._judges.get(call.kind, self._other)(node, call)
        except RefusedError as error:
            reason = f"{error}{self._on_host(node)}"
            self.judged[node] = Judgement(verdict="refused", reason=reason)
        if self.judged[node].verdict == "refused":
            # What comes behind is judged as if this one were computed somewhere.
            self._opaque(node)

    # Values

    def _module(self, node: fx.Node) -> nn.Module | None:
        return self._modules.get(str(node.target)) if node.op == "call_module" else None

    def _is_layer(self, node: fx.Node) -> bool:
        return isinstance(self._module(node), nn.Conv2d | nn.Linear)

    def _torch_shape(self, node: fx.Node) -> tuple[int, ...]:
        return self.captured.shapes[node][1:]

    def _input(self, node: fx.Node) -> None:
        if any(value.step == INPUT for value in self.values.values()):
            reason = "a network has one input: put what else it reads into its module"
            self.judged[node] = Judgement(verdict="refused", reason=reason)
            self._opaque(node)
            return
        shape = self._torch_shape(node)
        self._shapes[INPUT] = _three(shape)
        self.values[node] = _Value(step=INPUT, shape=shape, alone=self._once(node))

    def _opaque(self, node: fx.Node) -> None:
        shape = self._torch_shape(node)
        self._shapes[node.name] = _three(shape)
        self.values[node] = _Value(step=node.name, shape=shape, alone=False)

    def _once(self, node: fx.Node) -> bool:
        return len(self.captured.readers(node)) == 1

    def _one(self, call: Call) -> _Value:
        """The only value that a call reads."""
        inputs = [node for node in call.inputs if node in self.values]
        if len(inputs) != 1:
            raise RefusedError(f"an operation of {len(inputs)} values has no step")
        return self.values[inputs[0]]

    def _map(self, value: _Value) -> tuple[int, int, int]:
        """Shape of a value as a feature map, if it is one as it is."""
        if value.before or value.padding != (0, 0):
            raise RefusedError("reads what only a layer can fold")
        shape = self._shapes[value.step]
        if (*value.shape, 1, 1)[:3] != shape or len(value.shape) > 3:
            raise RefusedError(
                f"reads {shape} in the shape {value.shape}: only a Linear can read a map as a "
                "flat value, and nothing reads it in another shape"
            )
        return shape

    def _gives(self, node: fx.Node, step: TracedLayer | TracedOperation) -> None:
        if step.name in self._shapes:
            raise RefusedError("is used twice, or its name is taken: a layer computes one value")
        self.steps[step.name] = step
        self._shapes[step.name] = step.out_shape
        self.values[node] = _Value(
            step=step.name, shape=self._torch_shape(node), alone=self._once(node)
        )

    def _name(self, node: fx.Node, kind: str) -> str:
        # torch's own modules are on the stack themselves; a function is in the module that calls.
        path = str(node.target) if node.op == "call_module" else _path(node)
        name = plain = identifier("_".join([*(w for w in path.split(".") if w), kind]))
        count = 1
        while name in self._shapes:
            count += 1
            name = f"{plain}_{count}"
        return name

    def _foldable(self, value: _Value) -> TracedLayer | TracedOperation | None:
        """The step whose result a value still is, if nothing else reads it."""
        if not value.alone or value.before or value.padding != (0, 0):
            return None
        return self.steps.get(value.step)

    # Layers

    def _layer(self, node: fx.Node, call: Call) -> Judgement:
        module, value = call.module, self._one(call)
        name = identifier(str(node.target))
        padding = (0, 0)
        if isinstance(module, nn.Conv2d):
            own = _padding(module)
            padding = (own[0] + value.padding[0], own[1] + value.padding[1])
            shape = self._map(replace(value, before=(), padding=(0, 0)))
        elif isinstance(module, nn.Linear):
            shape = self._shapes[value.step]
            if len(value.shape) != 1:
                raise RefusedError(
                    f"reads {value.shape}, but a Linear must read a flat value: flatten it first"
                )
        else:
            raise RefusedError("its weights are not those of a module")
        layer = TracedLayer(
            name=name,
            module=module,
            before=value.before,
            source=value.step,
            in_shape=shape,
            out_shape=_three(self._torch_shape(node)),
            padding=padding,
            node=node.name,
        )
        self._gives(node, layer)
        return Judgement(verdict="mapped", step=name)

    # What is folded

    def _same(self, node: fx.Node, call: Call) -> Judgement:
        """What only renames or flattens: the order of the elements stays."""
        value, shape = self._one(call), self.captured.shapes[node]
        if call.kind == "dropout" and call.module is None and call.options["training"]:
            raise RefusedError("always drops values: give it training=self.training")
        read = next(n for n in call.inputs if n in self.values)
        if shape[0] != self.captured.shapes[read][0]:
            raise RefusedError("mixes images: flatten with x.flatten(1)")
        self.values[node] = replace(value, shape=shape[1:], alone=value.alone and self._once(node))
        reason = "computes nothing" if call.kind != "dropout" else "drops nothing at inference"
        return Judgement(verdict="folded", reason=reason)

    def _affine(self, node: fx.Node, call: Call) -> Judgement:
        value = self._one(call)
        return self._fold(node, value, affine_of(call, value.shape, self.captured.constants))

    def _hardsigmoid(self, node: fx.Node, call: Call) -> Judgement:
        transform = Affine(scale=1 / 6, offset=0.5)
        return self._fold(node, self._one(call), transform, Clamp(low=0.0, high=1.0))

    def _fold(
        self,
        node: fx.Node,
        value: _Value,
        transform: Norm | Normalise | Affine,
        limits: Clamp = _NONE,
    ) -> Judgement:
        """Fold a scale and an offset, and limits behind them, into a layer or into the input."""
        same = replace(value, shape=self._torch_shape(node), alone=value.alone and self._once(node))
        first = value.step == INPUT and value.alone and not value.before
        if first and len(value.shape) == 3 and not limits.limits:
            self.normalise = (*self.normalise, transform)
            self.values[node] = same
            return Judgement(verdict="folded", reason="into the codes of the input")
        if isinstance(transform, Normalise):
            transform = affine_of_normalise(transform)
        step = self._foldable(value)
        flat = len(value.shape) == 1 and self._shapes[value.step][1:] != (1, 1)
        if isinstance(step, TracedLayer) and not flat:
            clamp = moved_limits(step.clamp, transform)
            if clamp is not None:
                self.steps[step.name] = replace(
                    step,
                    after=(*step.after, transform),
                    clamp=clamp.then(limits),
                    node=node.name,
                )
                self.values[node] = same
                return Judgement(verdict="folded", reason="into the layer before", step=step.name)
        behind = None if limits.limits else self._layer_behind(node)
        if behind is not None:
            self.values[node] = replace(same, before=(*value.before, transform))
            name = identifier(str(behind.target))
            return Judgement(verdict="folded", reason="into the layer behind", step=name)
        return self._own_layer(node, value, transform, limits, flat=flat)

    def _own_layer(
        self,
        node: fx.Node,
        value: _Value,
        transform: Norm | Affine,
        limits: Clamp,
        *,
        flat: bool,
    ) -> Judgement:
        if flat:
            raise RefusedError(
                "scales each element of a flattened map, and no Linear alone reads what it gives: "
                "put it before the flattening, or directly before a Linear"
            )
        shape, target = self._map(value), str(node.target)
        name = identifier(target) if node.op == "call_module" else self._name(node, "scale")
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
        self._gives(node, layer)
        return Judgement(
            verdict="mapped",
            reason="folds into no layer before or behind: a layer of one weight a channel",
            step=name,
        )

    def _layer_behind(self, node: fx.Node) -> fx.Node | None:
        """The layer that alone reads a value, and into whose weights an offset can be folded."""
        while self._once(node):
            (node,) = self.captured.readers(node)
            call = self.call_of(node)
            if isinstance(call.module, nn.Conv2d):
                # Around the map are zeros, which the offset would have to change as well.
                return node if conv_padding(call.module) == (0, 0) else None
            if isinstance(call.module, nn.Linear):
                return node
            if call.kind in _SCALES and self._reads_one(call):
                continue
            if call.kind not in ("identity", "dropout", "flatten", "reshape", "batch_norm"):
                return None
        return None

    def _clamp(self, node: fx.Node, call: Call) -> Judgement:
        value, limits = self._one(call), clamp_of(call)
        if value.before or value.padding != (0, 0):
            raise RefusedError("reads what only a layer can fold")
        known, step = bounds(value.step, self.steps), self._foldable(value)
        same = replace(value, shape=self._torch_shape(node), alone=value.alone and self._once(node))
        if known.then(limits) == known:
            self.values[node] = same
            return Judgement(verdict="folded", reason="no value is outside its limits")
        whole = isinstance(step, TracedLayer) or (
            step is not None and step.kind != "shortcut" and not step.part
        )
        if step is not None and whole:
            self.steps[step.name] = replace(step, clamp=step.clamp.then(limits), node=node.name)
            self.values[node] = same
            return Judgement(verdict="folded", reason="into the step before", step=step.name)
        made = self._operation(node, "max_pool", (value,), name="clamp")
        self._gives(node, replace(made, kernel=(1, 1), clamp=limits))
        return Judgement(
            verdict="engine", reason="a maximum of one element, with limits", step=made.name
        )

    # Operations

    def _operation(
        self, node: fx.Node, kind: str, values: tuple[_Value, ...], name: str = ""
    ) -> TracedOperation:
        shapes = [self._map(value) for value in values]
        out = self._torch_shape(node)
        return TracedOperation(
            name=self._name(node, name or kind),
            kind=kind,
            sources=tuple(value.step for value in values),
            in_shape=shapes[0],
            out_shape=_three(out) if kind != "add" else shapes[0],
            node=node.name,
        )

    def _add(self, node: fx.Node, call: Call) -> Judgement:
        values = tuple(self.values[n] for n in call.inputs if n in self.values)
        if call.options.get("alpha", 1) != 1:
            raise RefusedError("only two values of the network can be added, without alpha")
        if len(values) == 1:
            return self._affine(node, call)
        if values[0].shape != values[1].shape:
            raise RefusedError(
                f"values of one shape can be added, not {values[0].shape} and {values[1].shape}"
            )
        made = self._operation(node, "add", values)
        if self._map(values[1]) != made.in_shape:
            raise RefusedError("values of one shape can be added")
        self._gives(node, made)
        return Judgement(verdict="engine", step=made.name)

    def _arithmetic(self, node: fx.Node, call: Call) -> Judgement:
        return self._affine(node, call) if self._reads_one(call) else self._other(node, call)

    def _reads_one(self, call: Call) -> bool:
        """Whether a call reads one value of the network, and else constants."""
        return sum(node in self.captured.shapes for node in call.inputs) == 1

    def _pool(self, node: fx.Node, call: Call) -> Judgement:
        value = self._one(call)
        shape, given = self._map(value), self._torch_shape(node)
        pool = read_pool(call, value.shape, given)
        if pool.kernel == (1, 1) and pool.stride == (1, 1) and pool.padding == (0, 0):
            return self._same(node, call)
        size = _three(given)
        if pool.kernel is not None and len(given) < 3:
            size = (shape[0], shape[1] // pool.kernel[0], shape[2] // pool.kernel[1])
        made = replace(
            self._operation(node, pool.kind, (value,)),
            out_shape=size,
            kernel=pool.kernel,
            stride=pool.stride,
            padding=pool.padding,
        )
        self._gives(node, made)
        return Judgement(verdict="engine", step=made.name)

    def _slice(self, node: fx.Node, call: Call) -> Judgement:
        made = self._operation(node, "shortcut", (self._one(call),))
        self._gives(node, replace(made, stride=slice_stride(node)))
        return Judgement(verdict="engine", step=made.name)

    def _pad(self, node: fx.Node, call: Call) -> Judgement:
        value = self._one(call)
        channels, space = padded_channels(call.options), padded_space(call.options)
        if channels is not None:
            step = self._foldable(value)
            out = _three(self._torch_shape(node))
            if (
                isinstance(step, TracedOperation)
                and step.kind == "shortcut"
                and step.out_shape[0] == step.in_shape[0]
            ):
                made = replace(step, channels_before=channels[0], node=node.name, out_shape=out)
                del self._shapes[step.name]
            else:
                made = self._operation(node, "shortcut", (value,))
                made = replace(made, channels_before=channels[0])
            self._gives(node, made)
            return Judgement(verdict="engine", step=made.name)
        behind = self.captured.readers(node)
        module = self._module(behind[0]) if len(behind) == 1 else None
        if space is None or value.before or not isinstance(module, nn.Conv2d):
            raise RefusedError(
                "only channels can be padded, or all sides of what one Conv2d reads, opposite "
                f"sides alike, with zeros, not {call.options['pad']}"
            )
        padding = (value.padding[0] + space[0], value.padding[1] + space[1])
        self._map(replace(value, padding=(0, 0)))
        # Its shape stays that of the map: the layer adds the zeros.
        self.values[node] = replace(value, padding=padding, alone=False)
        return Judgement(
            verdict="folded",
            reason="into the layer behind",
            step=identifier(str(behind[0].target)),
        )

    def _concat(self, node: fx.Node, call: Call) -> Judgement:
        """Each source at its channels between zeros, and their sum."""
        values = tuple(self.values[n] for n in call.inputs if n in self.values)
        axis = call.options["axis"] if call.options["axis"] is not None else call.options["dim"]
        if len(values) != len(call.inputs):
            raise RefusedError("only values of the network can be joined, not constants")
        if axis % (len(values[0].shape) + 1) != 1:
            raise RefusedError(f"values can be joined over channels alone, dim=1, not dim={axis}")
        if len(values) == 1:
            return self._same(node, call)
        shapes = [self._map(replace(v, shape=self._flat_as_map(v))) for v in values]
        if len({shape[1:] for shape in shapes}) != 1:
            raise RefusedError(f"joins values of other heights and widths: {shapes}")
        whole = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        name, before = self._name(node, "concat"), 0
        parts: list[str] = []
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
            before += shape[0]
            self._gives(node, part)
            parts.append(part.name)
            if number:
                last = number == len(values) - 1
                total = replace(
                    part,
                    name=name if last else f"{name}_sum{number}",
                    kind="add",
                    sources=(parts[-2], parts[-1]),
                    in_shape=whole,
                    channels_before=0,
                )
                self._gives(node, total)
                parts.append(total.name)
        return Judgement(
            verdict="engine", reason="each source between zero channels, and their sum", step=name
        )

    def _flat_as_map(self, value: _Value) -> tuple[int, ...]:
        """Joined flat values are the joined maps, flattened: channels come first."""
        shape = self._shapes[value.step]
        return shape if value.shape == (prod(shape),) else value.shape

    def _other(self, node: fx.Node, call: Call) -> Judgement:
        raise RefusedError(refusal(call, node))

    def _on_host(self, node: fx.Node) -> str:
        """What else can be done with a node that is refused."""
        layers = self.layer_nodes
        if layers and node > layers[-1]:
            return "; or let the host compute the end: model.on_host: [tail]"
        if layers and node < layers[0]:
            return "; or let the host compute the beginning: model.on_host: [head]"
        return ""


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    sizes = (*shape, 1, 1, 1)[:3]
    return (sizes[0], sizes[1], sizes[2])


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
