"""What `ohmforge check` finds of a network: its layers on crossbars, and the engine for them.

Nothing is trained and no image is read. Everything but the estimate of the search follows from
shapes, by the same formulas by which tables are packed and hardware is built.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from arch.capacity import Capacity, enlarge
from arch.crossbar_macro import MacroShape
from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.host import HostSpec, run_order
from arch.index_fields import aligned
from arch.layer import LayerSpec
from arch.layer_needs import LayerNeeds, engine_shape
from arch.network_cycles import NetworkCycles, counted_network_cycles
from arch.network_program import LANES, network_shape, plan_steps
from arch.network_shape import NetworkShape
from arch.packing import pack_records
from arch.registers import COUNTER_BITS
from arch.tiles import count_crossbars
from sw.mapping.expected import Lines, expected_ous, lines_of

__all__ = ["LayerCheck", "NetworkCheck", "check_network"]


@dataclass(frozen=True, kw_only=True)
class LayerCheck:
    """A mapped layer; all of it dense (every segment kept) or at the ratio of the configuration.

    Parameters
    ----------
    spec : LayerSpec
        The layer, as quantisation will make it.
    ratio : float
        Share of its segments that is pruned.
    segments : int
        Segments of the layer.
    ous, crossbars : int
        Operation units and physical crossbars.
    """

    spec: LayerSpec
    ratio: float
    segments: int
    ous: int
    crossbars: int


@dataclass(frozen=True, kw_only=True)
class NetworkCheck:
    """A network of which every layer is pruned by its ratio.

    Parameters
    ----------
    layers : tuple of LayerCheck
        In execution order.
    cycles : NetworkCycles
        Of an image, if every plane is issued.
    shape : NetworkShape
        The engine.
    """

    layers: tuple[LayerCheck, ...]
    cycles: NetworkCycles
    shape: NetworkShape

    @property
    def ous(self) -> int:
        """Operation units of all layers."""
        return sum(layer.ous for layer in self.layers)

    @property
    def crossbars(self) -> int:
        """Physical crossbars of all layers."""
        return sum(layer.crossbars for layer in self.layers)

    @property
    def index_bits(self) -> int:
        """Bits of the index as the hardware reads it."""
        return self.ous * self.shape.engine.index_layout.width

    @property
    def cell_bits(self) -> int:
        """Bits of all cells of the OUs."""
        return self.ous * self.shape.engine.cell_layout.width

    def step_cycles(self, name: str) -> int:
        """Cycles of a layer or an operation."""
        return next(step.cycles for step in self.cycles.steps if step.name == name)


def check_network(
    specs: Sequence[LayerSpec | HostSpec],
    geometry: Geometry,
    ratios: Mapping[str, float],
    *,
    macro_latency: int | None = None,
    skip_zero_planes: bool = False,
    argmax: bool = False,
    lanes: int = LANES,
    counter_bits: int = COUNTER_BITS,
    step_logic: bool = False,
    read_back: bool = True,
    capacity: Capacity | None = None,
) -> NetworkCheck:
    """Size and cycles of the engine for a network.

    Parameters
    ----------
    specs : sequence of LayerSpec or HostSpec
        In execution order, see :func:`sw.planned_specs.planned_specs`.
    ratios : mapping of str to float
        Pruned share of the segments of each layer. With 0 everything is exact; else OUs are those
        that are expected, see :func:`sw.mapping.expected.expected_ous`, to the nearest one.
    macro_latency, skip_zero_planes, argmax, lanes, counter_bits, step_logic, read_back, capacity
        As in :func:`arch.network_program.build_network_program`.

    Raises
    ------
    :exc:`ValueError`
        If the network cannot be built; the message says why.
    :exc:`arch.errors.InputError`
        If it needs more than ``capacity``.
    """
    layers = [spec for spec in specs if isinstance(spec, LayerSpec)]
    checks = [_layer(spec, geometry, ratios[spec.name]) for spec in layers]
    macro = None
    if macro_latency is not None:
        numbers = [_numbers(check.ous, geometry) for check in checks]
        most = max(sum(tile) for tile in zip(*numbers, strict=True))
        macro = MacroShape(geometry=geometry, crossbars=max(1, most), latency=macro_latency)
    engine = engine_shape(
        [_needs(check, geometry) for check in checks],
        geometry,
        macro=macro,
        skip_zero_planes=skip_zero_planes,
    )
    operations = [spec for spec in specs if isinstance(spec, HostSpec)]
    steps, depth = plan_steps(run_order(layers, operations))
    shape = network_shape(engine, steps, lanes=lanes, depth=depth)
    shape = replace(
        shape, argmax=argmax, counter_bits=counter_bits, step_logic=step_logic, read_back=read_back
    )
    if capacity is not None:
        shape = enlarge(shape, capacity)
        shape = replace(shape, engine=replace(shape.engine, loadable=True))
    ous = {check.spec.name: check.ous for check in checks}
    return NetworkCheck(
        layers=tuple(checks), cycles=counted_network_cycles(steps, shape, ous), shape=shape
    )


def _layer(spec: LayerSpec, geometry: Geometry, ratio: float) -> LayerCheck:
    lines = lines_of(spec, geometry)
    ous = round(expected_ous(lines, ratio)) if ratio else lines.dense_ous
    return LayerCheck(
        spec=spec,
        ratio=ratio,
        segments=lines.segments,
        ous=ous,
        crossbars=count_crossbars(ous, geometry) * geometry.arrays,
    )


def _dealt(ous: int, geometry: Geometry) -> tuple[int, ...]:
    """OUs of each tile."""
    return tuple(len(range(tile, ous, geometry.tiles)) for tile in range(geometry.tiles))


def _numbers(ous: int, geometry: Geometry) -> tuple[int, ...]:
    """Crossbar numbers of each tile."""
    return tuple(-(-count // geometry.slots) for count in _dealt(ous, geometry))


def _needs(check: LayerCheck, geometry: Geometry) -> LayerNeeds:
    spec = check.spec
    modes = {"input_mode": "block", "output_mode": "group"}
    if not (check.ratio == 0 and _is_aligned(spec, geometry)):
        modes |= (
            {"output_mode": "list"} if spec.scheme == "column_vector" else {"input_mode": "list"}
        )
    return LayerNeeds(
        rows=spec.rows,
        cols=spec.cols,
        ous=_dealt(check.ous, geometry),
        ous_per_output=_ous_per_output(spec, geometry),
        output=spec.output,
        **modes,
    )


def _is_aligned(spec: LayerSpec, geometry: Geometry) -> bool:
    """Whether the dense layer has whole, aligned row blocks and column groups in every OU."""
    if spec.groups == 1:
        return True
    there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
    inputs, outputs = pack_records(there, spec.rows, spec.cols, spec.scheme, geometry)
    return aligned(inputs, spec.rows) and aligned(outputs, spec.cols)


def _ous_per_output(spec: LayerSpec, geometry: Geometry) -> int:
    """OUs of the dense layer that add into one output, at most."""
    if spec.groups == 1:
        return -(-spec.rows // geometry.ou_rows)
    if spec.scheme == "column_vector":
        there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
        return int(np.count_nonzero(there, axis=0).max())
    lines: Lines = lines_of(spec, geometry)
    return max(-(-size // lines.width) for size in lines.sizes)
