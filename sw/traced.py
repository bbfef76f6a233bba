"""The small layer graph that the rest of ``sw/`` reads: layers, and operations between them."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from sw.normalise import Normalise

__all__ = ["Affine", "Clamp", "Norm", "TracedLayer", "TracedNetwork", "TracedOperation"]

Norm = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass(frozen=True, kw_only=True)
class Clamp:
    """Limits of a value; infinite where there is none. A ReLU has ``low`` 0.

    Raises
    ------
    :exc:`ValueError`
        If ``low`` is above ``high``, or a limit is not a number.
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"limits must be in order, not {self.low} and {self.high}")

    def then(self, other: "Clamp") -> "Clamp":
        """What is left when ``other`` follows."""
        return Clamp(
            low=min(max(self.low, other.low), other.high),
            high=min(max(self.high, other.low), other.high),
        )

    def scaled(self, scale: float, offset: float) -> "Clamp":
        """The limits of ``value * scale + offset``; ``scale`` is above 0."""
        return Clamp(low=self.low * scale + offset, high=self.high * scale + offset)

    @property
    def limits(self) -> bool:
        """Whether there is a limit at all."""
        return self != Clamp()


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """``value * scale + offset``, one number each or one a channel (tensors of as many values)."""

    scale: torch.Tensor | float = 1.0
    offset: torch.Tensor | float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedLayer:
    """A layer that goes to crossbars, with what is folded into its weights and its output.

    The layer computes ``clamp(after(W before(x) + b))``; ``docs/software.md`` says what is folded
    when.

    Parameters
    ----------
    name : str
        The module's name in the network as an identifier (dots become underscores).
    module : Conv2d, Linear or None
        The weights. None is a layer of one weight of 1 a channel, made for an ``after`` that folds
        into no other layer; there is nothing to prune in it.
    before, after : tuple of BatchNorm1d, BatchNorm2d or Affine
        Folded into the weights, in the order of computation.
    clamp : Clamp
        Limits of the output.
    source : str
        Name of the layer or operation whose outputs are read, or :data:`arch.layer.INPUT`.
    in_shape, out_shape : tuple of int
        Channels, height and width of what is read and given.
    padding : tuple of int
        Vertical and horizontal padding, with that of an operation before the module.
    node : str
        The node of the traced graph whose value is the output of the layer.
    """

    name: str
    module: nn.Conv2d | nn.Linear | None
    before: tuple[Norm | Affine, ...] = ()
    after: tuple[Norm | Affine, ...] = ()
    clamp: Clamp = Clamp()
    source: str
    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    padding: tuple[int, int] = (0, 0)
    node: str

    @property
    def groups(self) -> int:
        """Groups of channels that are computed apart from each other."""
        if self.module is None:
            return self.out_shape[0]
        return self.module.groups if isinstance(self.module, nn.Conv2d) else 1


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedOperation:
    """An operation between layers, see :class:`arch.host.HostSpec`.

    Parameters
    ----------
    name : str
        The module that computes it, and its kind, as an identifier.
    kind : str
        One of :data:`arch.host.HOST_KINDS`.
    sources : tuple of str
        Names of what is read.
    clamp : Clamp
        Limits of the output.
    in_shape, out_shape : tuple of int
        Channels, height and width of each source and of what is given.
    stride : tuple of int
        Vertical and horizontal stride of a shortcut or a kernel.
    channels_before : int
        Channels of zeros before the first of a shortcut.
    kernel, padding
        As of :class:`arch.host.HostSpec`.
    part : bool
        Whether it gives only a part of the value of ``node``: a step of a concatenation.
    node : str
        The node of the traced graph whose value is the output.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    clamp: Clamp = Clamp()
    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    stride: tuple[int, int] = (1, 1)
    channels_before: int = 0
    kernel: tuple[int, int] | None = None
    padding: tuple[int, int] = (0, 0)
    part: bool = False
    node: str


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedNetwork:
    """A network as a chain of layers and operations.

    Parameters
    ----------
    steps : tuple of TracedLayer or TracedOperation
        In execution order; the last one is a layer and gives the class scores.
    normalise : tuple of BatchNorm2d, Normalise or Affine
        What the pixels go through before everything else, channel by channel.
    in_shape : tuple of int
        Channels, height and width of an image.
    """

    steps: tuple[TracedLayer | TracedOperation, ...]
    normalise: tuple[Norm | Normalise | Affine, ...]
    in_shape: tuple[int, int, int]

    @property
    def layers(self) -> tuple[TracedLayer, ...]:
        """The layers alone."""
        return tuple(step for step in self.steps if isinstance(step, TracedLayer))
