"""Operations between mapped layers that no crossbar computes: the host does, in exact integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from arch.fixed import MULTIPLIER_BITS, SHIFT_MAX, ActFormat, OutFormat
from arch.layer import INPUT, NAME, LayerSpec

__all__ = ["HOST_KINDS", "HostSpec", "run_order"]

HOST_KINDS = ("add", "average_pool", "max_pool", "shortcut")
"""What a host operation can be, see ``docs/number-formats.md``."""
_SUMMED_MAX = 1 << 24
"""Values that one average may take: their sum, times a multiplier, then fits 64 bits."""


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """One operation on the outputs of layers, of other operations, or on the input.

    Every kind gives ``clamp(((acc + rounding) >> shift) + zero_point, minimum, maximum)``, where
    ``rounding`` is ``2**(shift - 1)``, or 0 when ``shift`` is 0, and the last three are those of
    ``output``. With ``v`` a value less the zero point of its source,

    * ``add``: ``acc = v0 * multipliers[0] + v1 * multipliers[1]``, element by element;
    * ``average_pool``: ``acc = multipliers[0] * (sum of v over a window)``, in each channel;
    * ``max_pool``: ``acc = multipliers[0] * (largest v of a window)``, in each channel;
    * ``shortcut``: ``acc = v * multipliers[0]`` at every ``stride``-th row and column from the
      first, with ``channels_before`` channels of zeros before the first channel and as many as
      ``out_shape`` leaves room for after the last (option A of He et al., 2016).

    A window is the whole map, or ``kernel``, moved by ``stride`` over the map with ``padding`` on
    all sides. What lies outside the map counts as zero in a sum, and is never the largest.

    Parameters
    ----------
    name : str
        An identifier, unique among layers and operations.
    kind : str
        One of :data:`HOST_KINDS`.
    sources : tuple of str
        Two names for ``add`` (they may be equal), one for the others; layers, operations or
        :data:`arch.layer.INPUT`.
    in_shape, out_shape : tuple of int
        Channels, height and width; every source has ``in_shape``.
    stride : tuple of int
        Vertical and horizontal; 1 and 1 but for ``shortcut`` and for windows of a kernel.
    channels_before : int
        0 but for ``shortcut``.
    kernel : tuple of int or None
        Height and width of the windows of a pool; None for the whole map, and for other kinds.
    padding : tuple of int
        Above and below, left and right; at most half of the kernel; 0 and 0 without one.
    activations : tuple of ActFormat
        Format of each source.
    multipliers : tuple of int
        One a source, 0 to ``2**16 - 1``.
    shift : int
        0 to 47.
    output : OutFormat
        Format of the outputs.

    Raises
    ------
    :exc:`ValueError`
        If a field is out of range, or ``out_shape`` does not follow from the others.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    stride: tuple[int, int] = (1, 1)
    channels_before: int = 0
    kernel: tuple[int, int] | None = None
    padding: tuple[int, int] = (0, 0)
    activations: tuple[ActFormat, ...]
    multipliers: tuple[int, ...]
    shift: int
    output: OutFormat

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name == INPUT:
            raise ValueError(f"operation name must be an identifier, not {INPUT}: {self.name!r}")
        if self.kind not in HOST_KINDS:
            raise ValueError(
                f"operation {self.name}: kind must be {', '.join(HOST_KINDS)}, not {self.kind!r}"
            )
        count = 2 if self.kind == "add" else 1
        for field in ("sources", "activations", "multipliers"):
            if len(getattr(self, field)) != count:
                raise ValueError(f"operation {self.name}: {self.kind} has {count} {field}")
        if min(*self.in_shape, *self.out_shape, *self.stride) < 1 or self.channels_before < 0:
            raise ValueError(f"operation {self.name}: sizes must be positive")
        self._check_window()
        top = (1 << MULTIPLIER_BITS) - 1
        if not all(0 <= m <= top for m in self.multipliers) or not 0 <= self.shift <= SHIFT_MAX:
            raise ValueError(
                f"operation {self.name}: multipliers must be 0 to {top} and shift 0 to "
                f"{SHIFT_MAX}, not {self.multipliers} and {self.shift}"
            )
        self._check_shapes()

    @property
    def pools(self) -> bool:
        """Whether each output is of a window of one channel."""
        return self.kind in ("average_pool", "max_pool")

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of what one output of a source is made of."""
        if not self.pools:
            return (1, 1)
        return self.kernel or (self.in_shape[1], self.in_shape[2])

    def _check_window(self) -> None:
        if self.kind != "shortcut" and self.channels_before:
            raise ValueError(f"operation {self.name}: only a shortcut has new channels")
        if self.kernel is not None and not self.pools:
            raise ValueError(f"operation {self.name}: only a pool has a kernel")
        if self.kernel is None:
            if self.padding != (0, 0) or (self.kind != "shortcut" and self.stride != (1, 1)):
                raise ValueError(
                    f"operation {self.name}: only a kernel has padding, and only a kernel and a "
                    "shortcut have a stride"
                )
            return
        if min(self.kernel) < 1:
            raise ValueError(f"operation {self.name}: sizes must be positive")
        for size, around in zip(self.kernel, self.padding, strict=True):
            if not 0 <= around <= size // 2:  # so that no window lies outside altogether
                raise ValueError(
                    f"operation {self.name}: padding must be at most half of the kernel "
                    f"{self.kernel}, not {self.padding}"
                )

    def _check_shapes(self) -> None:
        channels, height, width = self.in_shape
        if prod(self.window) > _SUMMED_MAX:
            raise ValueError(f"operation {self.name}: averages more than {_SUMMED_MAX} values")
        if self.kind == "add":
            fits = self.out_shape == self.in_shape
        elif self.pools:
            size = tuple(
                (length + 2 * around - window) // step + 1
                for length, around, window, step in zip(
                    (height, width), self.padding, self.window, self.stride, strict=True
                )
            )
            fits = self.out_shape == (channels, *size)
        else:
            size = (-(-height // self.stride[0]), -(-width // self.stride[1]))
            fits = self.out_shape[1:] == size
            fits = fits and self.out_shape[0] >= self.channels_before + channels
        if not fits:
            raise ValueError(
                f"operation {self.name}: out_shape {self.out_shape} does not follow from in_shape "
                f"{self.in_shape}"
            )


def run_order(
    layers: Sequence[LayerSpec], host: Sequence[HostSpec]
) -> tuple[LayerSpec | HostSpec, ...]:
    """Layers and operations in the order in which they run.

    Layers keep their order and operations theirs; an operation runs as soon as its sources, and
    the operations before it, have run.

    Raises
    ------
    :exc:`ValueError`
        If two have one name, or a source does not come before what reads it.
    """
    order: list[LayerSpec | HostSpec] = []
    done = {INPUT}
    waiting = list(host)
    for layer in (None, *layers):
        if layer is not None:
            if layer.name in done:
                raise ValueError(f"layer {layer.name}: there are two of this name")
            if layer.source not in done:
                raise ValueError(
                    f"layer {layer.name}: source {layer.source!r} does not come before it"
                )
            order.append(layer)
            done.add(layer.name)
        while waiting and done.issuperset(waiting[0].sources):
            if waiting[0].name in done:
                raise ValueError(f"operation {waiting[0].name}: there are two of this name")
            done.add(waiting[0].name)
            order.append(waiting.pop(0))
    if waiting:
        missing = next(source for source in waiting[0].sources if source not in done)
        raise ValueError(f"operation {waiting[0].name}: source {missing!r} does not come before it")
    return tuple(order)
