"""What a layer can be pruned to: the number of segments that stay, and what that occupies."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.index_fields import aligned
from arch.packing import pack_records
from sw.mapping import OuCount, count
from sw.networks import mappable
from sw.reproducible import reproducible
from sw.segments import norms

__all__ = ["LayerChoices", "Occupied", "network_choices"]


@dataclass(frozen=True, kw_only=True)
class Occupied:
    """What a layer takes with some of its segments kept.

    Parameters
    ----------
    count : OuCount
        As the packer would have it.
    inputs_aligned, outputs_aligned : bool
        Whether every OU reads one aligned row block, and adds into one aligned column group: then
        the hardware needs one number instead of a list, see :mod:`arch.index_fields`.
    """

    count: OuCount
    inputs_aligned: bool
    outputs_aligned: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerChoices:
    """One layer, and every number of segments that may stay in it.

    Of ``n`` segments the ``kept`` of largest norm stay, so a layer has at most ``n`` choices and
    equal choices are equal masks. One segment always stays: a layer without any passes nothing on.

    Parameters
    ----------
    name : str
        As :func:`sw.networks.mappable` has it.
    scheme : str
        Sparsity structure.
    geometry : Geometry
        Crossbar and OU.
    norms : float64 array
        L2 norm of every segment of the dense layer, see :func:`sw.segments.norms`.
    rows, cols : int
        Shape of the weight matrix.
    groups : int
        Groups of channels that are computed apart; segments outside them are none.
    positions : int
        Output positions of one image.
    max_ratio : float
        Largest ratio that is allowed, 0 to 1; 0 for a layer that must not be pruned.
    convolution : bool
        Whether it is a convolution, else it is fully connected.
    in_channels, kernel, stride : int
        Channels that it reads, and height of its kernel and step (1 if fully connected).

    Raises
    ------
    :exc:`ValueError`
        If a ratio is not 0 to 1.
    """

    name: str
    scheme: str
    geometry: Geometry
    norms: np.ndarray
    rows: int
    cols: int
    positions: int
    groups: int = 1
    max_ratio: float = 1.0
    convolution: bool = False
    in_channels: int = 1
    kernel: int = 1
    stride: int = 1
    _rank: np.ndarray = field(init=False, repr=False)
    _there: np.ndarray = field(init=False, repr=False)
    _known: dict[int, Occupied] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.max_ratio <= 1:
            raise ValueError(
                f"largest ratio of layer {self.name} must be 0 to 1, not {self.max_ratio}"
            )
        # The order of sw.segments.keep_largest, once for all ratios.
        there = segment_mask(self.rows, self.cols, self.groups, self.scheme, self.geometry)
        object.__setattr__(self, "_there", there)
        order = np.argsort(-self.norms, axis=None, kind="stable")
        order = order[there.ravel()[order]]
        rank = np.full(self.norms.size, self.norms.size, dtype=np.int64)
        rank[order] = np.arange(len(order))
        object.__setattr__(self, "_rank", rank.reshape(self.norms.shape))

    @property
    def segments(self) -> int:
        """Segments of the dense layer."""
        return int(np.count_nonzero(self._there))

    @property
    def segment_norms(self) -> np.ndarray:
        """Norms of the segments that there are, in row order."""
        return self.norms[self._there]

    @property
    def weights(self) -> int:
        """Weights of the dense layer."""
        return self.rows * self.cols // self.groups

    @property
    def fewest(self) -> int:
        """Segments that stay at the largest ratio."""
        return max(1, self._floor(self.max_ratio))

    @property
    def top_ratio(self) -> float:
        """The largest ratio that can be reached; 0 if the layer cannot be pruned."""
        return self.ratio(self.fewest)

    def kept(self, ratio: float) -> int:
        """Segments that stay when at least the share ``ratio`` is pruned, within the limits."""
        return max(self._floor(ratio), self.fewest)

    def ratio(self, kept: int) -> float:
        """The pruned share when ``kept`` segments stay; :func:`sw.segments.keep_largest` agrees."""
        return (self.segments - kept) / self.segments

    def mask(self, kept: int) -> np.ndarray:
        """Which segments stay: bool array, shaped as ``norms``."""
        return self._rank < kept

    def occupied(self, kept: int) -> Occupied:
        """What the packer would occupy; counted once for each ``kept``."""
        if kept not in self._known:
            mask, shape = self.mask(kept), (self.rows, self.cols)
            inputs, outputs = pack_records(mask, *shape, self.scheme, self.geometry)
            self._known[kept] = Occupied(
                count=count(
                    mask,
                    rows=self.rows,
                    cols=self.cols,
                    scheme=self.scheme,
                    geometry=self.geometry,
                    groups=self.groups,
                ),
                inputs_aligned=aligned(inputs, self.rows),
                outputs_aligned=aligned(outputs, self.cols),
            )
        return self._known[kept]

    def ous(self, kept: int) -> int:
        """OUs of the layer."""
        return self.occupied(kept).count.ous

    def crossbars(self, kept: int) -> int:
        """Crossbars of the layer."""
        return self.occupied(kept).count.crossbars

    def kept_within(self, crossbars: int) -> int:
        """Most segments that fit into ``crossbars``, but never fewer than :attr:`fewest`.

        More segments never take fewer crossbars, so a bisection finds them.
        """
        low, high = self.fewest, self.segments
        while low < high:
            middle = (low + high + 1) // 2
            if self.crossbars(middle) <= crossbars:
                low = middle
            else:
                high = middle - 1
        return low

    def _floor(self, ratio: float) -> int:
        if not 0 <= ratio <= 1:
            raise ValueError(f"ratio of layer {self.name} must be 0 to 1, not {ratio}")
        # As sw.segments.keep_largest rounds.
        return math.floor((1 - ratio) * self.segments + 1e-9 * self.segments)


def network_choices(
    network: nn.Module,
    in_shape: tuple[int, int, int],
    geometry: Geometry,
    *,
    scheme: str,
    max_ratio: float | Mapping[str, float] = 1.0,
) -> tuple[LayerChoices, ...]:
    """The choices of every layer that goes to crossbars, in execution order.

    Parameters
    ----------
    network : Module
        The trained dense network.
    in_shape : tuple of int
        Channels, height and width of an image; they decide the output positions.
    max_ratio : float or mapping of str to float
        Largest ratio of every layer, or by name; 1 for those that are not named.

    Raises
    ------
    :exc:`ValueError`
        If a weight is not finite, or ``max_ratio`` names a layer that the network lacks.
    """
    layers = mappable(network)
    names = [name for name, _ in layers]
    limits = dict.fromkeys(names, max_ratio) if not isinstance(max_ratio, Mapping) else max_ratio
    if unknown := [name for name in limits if name not in names]:
        raise ValueError(f"no layer {unknown[0]!r:.80}; the layers are {', '.join(names)}")
    positions = _positions(network, dict(layers), in_shape)
    return tuple(
        _choices(name, module, positions[name], geometry, scheme, float(limits.get(name, 1.0)))
        for name, module in layers
    )


def _choices(
    name: str, module: nn.Module, positions: int, geometry: Geometry, scheme: str, limit: float
) -> LayerChoices:
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise ValueError(f"layer {name}: {type(module).__name__} has no weights to prune")
    weights = module.weight.detach().cpu().numpy()
    matrix = weights.reshape(len(weights), -1).T
    groups = module.groups if isinstance(module, nn.Conv2d) else 1
    try:
        values = norms(matrix, scheme, geometry, groups=groups)
    except ValueError as error:
        raise ValueError(f"layer {name}: {error}") from error
    convolution = isinstance(module, nn.Conv2d)
    return LayerChoices(
        name=name,
        scheme=scheme,
        geometry=geometry,
        norms=values,
        rows=len(matrix) * groups,
        cols=matrix.shape[1],
        positions=positions,
        groups=groups,
        max_ratio=limit,
        convolution=convolution,
        in_channels=weights.shape[1] * groups,
        kernel=module.kernel_size[0] if isinstance(module, nn.Conv2d) else 1,
        stride=module.stride[0] if isinstance(module, nn.Conv2d) else 1,
    )


def _positions(
    network: nn.Module, modules: Mapping[str, nn.Module], in_shape: tuple[int, int, int]
) -> dict[str, int]:
    """Output positions of each layer for one image, by running one."""
    seen: dict[str, int] = {}
    hooks = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.update({name: output[0][0].numel()})
        )
        for name, module in modules.items()
    ]
    training = network.training
    network.eval()
    try:
        device = next(network.parameters()).device
        with reproducible(), torch.no_grad():
            network(torch.zeros(1, *in_shape, device=device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return seen
