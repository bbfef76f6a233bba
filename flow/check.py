"""What a job will come to, before anything is trained: the work of `ohmforge check`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from arch.errors import InputError
from arch.layer import LayerSpec
from arch.work_memories import memories_of
from flow.check_network import LayerCheck, NetworkCheck, check_network
from flow.check_target import Target, blocks_needed, smallest, target_for
from flow.check_time import SearchTime, search_time
from flow.configuration import Configuration
from flow.sources import network_without_data
from sw.examine import Examination, Verdict, examine, refusal
from sw.planned_specs import planned_specs
from sw.policy import policy_for

__all__ = ["Check", "Sizes", "check_job"]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """A network on hardware.

    Parameters
    ----------
    dense, pruned : NetworkCheck
        With every segment, and at `prune.ratio`.
    target : Target
        The engine of the pruned network on `hardware.target`, or on the smallest part.
    search : SearchTime or None
        How long the search takes; None if there is none.
    """

    dense: NetworkCheck
    pruned: NetworkCheck
    target: Target
    search: SearchTime | None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an image."""
        return sum(_macs(layer.spec) for layer in self.dense.layers)

    @property
    def weights(self) -> int:
        """Weights of all layers."""
        return sum(_weights(layer.spec) for layer in self.dense.layers)


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was found; ``sizes`` is None if an operation is refused.

    Parameters
    ----------
    name : str
        Name of the job.
    in_shape : tuple of int
        Channels, height and width of an image.
    verdicts : tuple of Verdict
        Of every operation, in execution order.
    """

    name: str
    in_shape: tuple[int, int, int]
    verdicts: tuple[Verdict, ...]
    sizes: Sizes | None

    def refuse(self) -> None:
        """Raise :exc:`arch.errors.InputError`, in one line, if an operation is refused."""
        refused = [verdict for verdict in self.verdicts if verdict.verdict == "refused"]
        if not refused:
            return
        count = f"{len(refused)} operations are" if len(refused) > 1 else "one operation is"
        raise InputError(f"the network cannot be mapped, as {count} refused: {refusal(refused)}")

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; ``docs/check.md`` describes the keys."""
        found: dict[str, Any] = {
            "schema": 1,
            "name": self.name,
            "in_shape": list(self.in_shape),
            "operations": [asdict(verdict) for verdict in self.verdicts],
            "refused": [v.place for v in self.verdicts if v.verdict == "refused"],
        }
        return found | (_sizes_dict(self.sizes) if self.sizes is not None else {})


def check_job(configuration: Configuration) -> Check:
    """Judge every operation of the network of a job, and size its hardware.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network cannot be had, or not be built whatever its weights are.
    """
    network, in_shape, _ = network_without_data(configuration)
    try:
        found = examine(network, in_shape, on_host=configuration.model.on_host)
        sizes = _sizes(configuration, found)
    except ValueError as error:
        raise InputError(f"the network cannot be built: {error}") from error
    return Check(name=configuration.name, in_shape=in_shape, verdicts=found.verdicts, sizes=sizes)


def _sizes(configuration: Configuration, found: Examination) -> Sizes | None:
    if found.traced is None:
        return None
    geometry, prune = configuration.crossbar_geometry(), configuration.prune
    specs = planned_specs(
        found.traced,
        geometry,
        scheme=prune.scheme,
        value_range=configuration.data.value_range,
    )
    prunable = [layer.name for layer in found.traced.layers if layer.module is not None]
    try:
        ratios = dict(policy_for(prunable, scheme=prune.scheme, ratio=prune.ratio).ratios)
    except InputError as error:
        raise InputError(f"prune.ratio: {error}") from error
    none: Mapping[str, float] = dict.fromkeys((layer.name for layer in found.traced.layers), 0.0)
    built_as = configuration.hardware.network_built_as
    dense = check_network(specs, geometry, none, **(built_as | {"capacity": None}))
    pruned = check_network(specs, geometry, {**none, **ratios}, **built_as)
    target = configuration.hardware.target
    macs = sum(_macs(spec) for spec in specs if isinstance(spec, LayerSpec))
    return Sizes(
        dense=dense,
        pruned=pruned,
        target=smallest(pruned.shape) if target is None else target_for(pruned.shape, target),
        search=search_time(configuration, macs=macs, operations=len(found.verdicts)),
    )


def _weights(spec: LayerSpec) -> int:
    return spec.rows * spec.cols // spec.groups


def _macs(spec: LayerSpec) -> int:
    return _weights(spec) * spec.positions


def _sizes_dict(sizes: Sizes) -> dict[str, Any]:
    target, search = sizes.target, sizes.search
    blocks = blocks_needed(sizes.pruned.shape, target.part)
    return {
        "layers": [
            {
                "name": dense.spec.name,
                "rows": dense.spec.rows,
                "cols": dense.spec.cols,
                "groups": dense.spec.groups,
                "positions": dense.spec.positions,
                "weights": _weights(dense.spec),
                "macs": _macs(dense.spec),
                "segments": dense.segments,
                "ratio": pruned.ratio,
                "dense": _layer_dict(sizes.dense, dense),
                "pruned": _layer_dict(sizes.pruned, pruned),
            }
            for dense, pruned in zip(sizes.dense.layers, sizes.pruned.layers, strict=True)
        ],
        "totals": {
            "weights": sizes.weights,
            "macs": sizes.macs,
            "dense": _total_dict(sizes.dense),
            "pruned": _total_dict(sizes.pruned),
        },
        "memories": [
            {"name": name, **asdict(memory), "blocks": blocks[name]}
            for name, memory in memories_of(sizes.pruned.shape).items()
        ],
        "target": {
            "name": target.name,
            "part": target.part.title,
            "fits": target.fits,
            "needs": [asdict(need) | {"missing": need.missing} for need in target.needs],
        },
        "search": None
        if search is None
        else {
            "seconds": search.seconds,
            **asdict(search.work),
            "macs_per_second": search.speed.macs,
            "overhead_seconds": search.speed.overhead,
            "images_assumed": search.assumed,
        },
    }


def _layer_dict(network: NetworkCheck, layer: LayerCheck) -> dict[str, int]:
    cycles = network.step_cycles(layer.spec.name)
    return {"ous": layer.ous, "crossbars": layer.crossbars, "cycles": cycles}


def _total_dict(network: NetworkCheck) -> dict[str, Any]:
    return {
        "ous": network.ous,
        "crossbars": network.crossbars,
        "cycles": network.cycles.total,
        "utilisation": network.cycles.utilisation,
        "index_bits": network.index_bits,
        "cell_bits": network.cell_bits,
    }
