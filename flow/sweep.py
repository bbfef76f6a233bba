"""Sweep the generator: random layers on many geometries, RTL against golden model.

Each case is one geometry, one sparsity structure and one kind of crossbar, with layers that are
hard on them. The cases cover every combination of values of any ``strength`` parameters at least
once.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from arch.crossbar_macro import MACRO_LATENCY
from arch.fixed import ActFormat, OutFormat, weight_range
from arch.geometry import ENCODINGS, Geometry
from arch.layer import INPUT, SCHEMES, LayerSpec
from arch.program import build_program
from arch.table_files import save
from arch.tables import MappingTables
from cosim.cosimulation import STALLS, Cosimulation
from cosim.layer_case import LayerResult
from cosim.layers import cosimulate_layers
from flow.covering import covering
from flow.run_directory import RunDirectory
from flow.swept_case import SweptCase
from hw.emit import write_verilog
from sw.integer_network import IntegerLayer
from sw.mapping import map_layer

__all__ = ["PARAMETERS", "SweepCase", "run_case", "sweep_all", "sweep_cases", "sweep_tables"]

PARAMETERS: dict[str, tuple[Any, ...]] = {
    "ou_rows": (1, 4, 9, 16),
    "ou_cols": (4, 8, 16),
    "cell_bits": (1, 2, 4),
    "weight_bits": (2, 4, 8),
    "act_bits": (8, 4, 1),
    "encoding": ENCODINGS,
    "adc": ("lossless", "one bit short", "two bits short"),
    "scheme": SCHEMES,
    "skip_zero_planes": (False, True),
    "crossbar": ("emulated", "macro"),
    "tiles": (1, 2, 4),
}
"""Values of each parameter. Signed and unsigned activations are both in every case."""

_LOSSES = {"lossless": 0, "one bit short": 1, "two bits short": 2}
_POSITIONS = 6


@dataclass(frozen=True, kw_only=True)
class SweepCase:
    """One geometry, sparsity structure and kind of crossbar; ``str`` gives all in one line."""

    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.values)

    @property
    def geometry(self) -> Geometry:
        """The geometry; raises :exc:`ValueError` if a weight does not fit an OU."""
        values = dict(self.values)
        ou_rows, ou_cols = values["ou_rows"], values["ou_cols"]
        return Geometry(
            rows=max(18, 2 * ou_rows),
            cols=max(24, 2 * ou_cols),
            cell_bits=values["cell_bits"],
            ou_rows=ou_rows,
            ou_cols=ou_cols,
            adc_bits=_adc_bits(values),
            encoding=values["encoding"],
            weight_bits=values["weight_bits"],
            act_bits=values["act_bits"],
            tiles=values["tiles"],
        )

    @property
    def scheme(self) -> str:
        """The sparsity structure."""
        return str(dict(self.values)["scheme"])

    @property
    def skip_zero_planes(self) -> bool:
        """Whether planes without ones are skipped."""
        return bool(dict(self.values)["skip_zero_planes"])

    @property
    def macro_latency(self) -> int | None:
        """Latency of the crossbar macro; None if the crossbar is emulated."""
        return MACRO_LATENCY if dict(self.values)["crossbar"] == "macro" else None


def sweep_cases(strength: int) -> list[SweepCase]:
    """Cases in which every combination of values of any ``strength`` parameters occurs.

    Raises
    ------
    :exc:`ValueError`
        If ``strength`` is not 1 to the number of parameters.
    """
    return [
        SweepCase(values=tuple(values.items()))
        for values in covering(PARAMETERS, strength, fits=_fits)
    ]


def _fits(values: dict[str, Any]) -> bool:
    """Whether a weight fits an OU, and the ADC has a bit left after its loss."""
    slices = -(-values["weight_bits"] // values["cell_bits"])
    return slices <= values["ou_cols"] and _adc_bits(values) >= 1


def _adc_bits(values: dict[str, Any]) -> int:
    lossless: int = (values["ou_rows"] * ((1 << values["cell_bits"]) - 1)).bit_length()
    return lossless - _LOSSES[values["adc"]]


def sweep_tables(case: SweepCase, seed: int) -> MappingTables:
    """Layers that are hard on the generator, with random weights, mapped by the real mapper."""
    rng = np.random.default_rng(seed)
    geometry = case.geometry
    return MappingTables(
        name="sweep",
        geometry=geometry,
        layers=tuple(map_layer(layer, geometry) for layer in _layers(case, geometry, rng)),
    )


def _layers(
    case: SweepCase, geometry: Geometry, rng: np.random.Generator
) -> Iterator[IntegerLayer]:
    group, block = geometry.ou_weights, geometry.ou_rows
    shapes: dict[str, tuple[int, int, Callable[[np.ndarray], Any]]] = {
        "whole": (2 * block + 1, 2 * group + 1, lambda kept: None),
        "holes": (5 * block + 2, 3 * group + 1, lambda kept: _holes(kept, rng)),
        "one_row": (1, 5, lambda kept: None),
        "one_column": (2 * block + 3, 1, lambda kept: None),
        "nothing": (block, group, lambda kept: kept.fill(False)),
        "large": (
            2 * geometry.rows + 3,
            2 * geometry.cols // geometry.slices + 2,
            lambda kept: _thin(kept, rng),
        ),
    }
    for name, (rows, cols, prune) in shapes.items():
        kept_shape = (-(-rows // block), cols)
        if case.scheme == "row_vector":
            kept_shape = (rows, -(-cols // group))
        kept = np.ones(kept_shape, dtype=bool)
        prune(kept)
        for signed in (False, True) if geometry.act_bits > 1 else (False,):
            suffix = "signed" if signed else "unsigned"
            yield _layer(f"{name}_{suffix}", rows, cols, kept, signed, case, geometry, rng)


def _holes(kept: np.ndarray, rng: np.random.Generator) -> None:
    _thin(kept, rng)
    kept[1] = False  # a row of segments without any
    kept[:, -1] = False  # a group of outputs without any


def _thin(kept: np.ndarray, rng: np.random.Generator) -> None:
    kept &= rng.random(kept.shape) < 0.5


def _layer(
    name: str,
    rows: int,
    cols: int,
    kept: np.ndarray,
    signed: bool,
    case: SweepCase,
    geometry: Geometry,
    rng: np.random.Generator,
) -> IntegerLayer:
    low, high = weight_range(geometry.weight_bits)
    weights = rng.integers(low, high + 1, (rows, cols))
    weights.flat[0], weights.flat[-1] = low, high
    axis, size = (
        (0, geometry.ou_rows) if case.scheme == "column_vector" else (1, geometry.ou_weights)
    )
    mask = np.repeat(kept, size, axis=axis)[:rows, :cols]
    return IntegerLayer(
        spec=LayerSpec(
            name=name,
            kind="linear",
            source=INPUT,
            in_shape=(rows, 1, 1),
            out_shape=(cols, 1, 1),
            scheme=case.scheme,
            activation=ActFormat(bits=geometry.act_bits, signed=signed),
            output=OutFormat(
                bits=12, signed=True, zero_point=-3 * signed, minimum=-2000, maximum=2047
            ),
        ),
        weights=np.where(mask, weights, 0).astype(np.int8),
        kept=kept,
        multiplier=rng.integers(0, 1 << 16, cols),
        shift=rng.integers(0, 24, cols),
        bias=rng.integers(-5000, 5000, cols),
    )


def run_case(
    case: SweepCase, directory: Path, *, build_root: Path, seed: int
) -> Cosimulation[LayerResult]:
    """Map, generate and cosimulate one case in ``directory``, which is made.

    Each layer runs without stalls, with random stalls, and again after a reset in mid-work.
    """
    directory.mkdir(parents=True)
    tables = save(sweep_tables(case, seed), directory / "tables")
    verilog = directory / "verilog"
    verilog.mkdir()
    program = build_program(
        tables, macro_latency=case.macro_latency, skip_zero_planes=case.skip_zero_planes
    )
    write_verilog(program, verilog)
    rng = np.random.default_rng(seed)
    return cosimulate_layers(
        directory / "tables",
        verilog,
        {table.spec.name: _windows(table.spec, rng) for table in tables.layers},
        directory / "simulation",
        build_root=build_root,
        stalls=STALLS["random"],
        seed=seed,
    )


def _windows(spec: LayerSpec, rng: np.random.Generator) -> np.ndarray:
    form = spec.activation
    windows = rng.integers(form.minimum, form.maximum + 1, (_POSITIONS, spec.rows))
    windows[0], windows[1], windows[2] = form.minimum, form.maximum, 0
    masks = rng.integers(form.minimum, form.maximum + 1, (2, spec.rows))
    windows[4] &= masks[0, 0]  # some planes of every input are zero,
    windows[5] &= masks[0] & masks[1]  # and some of each input
    return windows


def sweep_all(
    output: Path, *, strength: int, seed: int, say: Callable[[str], None]
) -> list[SweptCase]:
    """Run every case in the run directory ``output``, and tell ``say`` about each."""
    directory = RunDirectory.create(output)
    cases = sweep_cases(strength)
    swept: list[SweptCase] = []
    with directory.locked():
        shutil.rmtree(output / "cases", ignore_errors=True)
        for number, case in enumerate(cases, 1):
            place = output / "cases" / f"{number:03}"
            done = run_case(case, place, build_root=directory.scratch, seed=seed)
            outputs = sum(result.compared for result in done.runs)
            swept.append(
                SweptCase(
                    number=number,
                    values=dict(case.values),
                    outputs_compared=outputs,
                    problems=tuple(done.problems),
                )
            )
            verdict = done.problems[0] if done.problems else f"{outputs} outputs equal"
            say(f"case {number} of {len(cases)} ({case}): {verdict}")
    return swept
