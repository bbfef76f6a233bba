"""The benches in Verilog: which engine each drives, and the sizes that it must be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from arch.registers import COUNTERS, find_register

__all__ = ["DEVICE_BENCH", "LAYER_BENCH", "NETWORK_BENCH", "Bench"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A bench and its engine.

    Parameters
    ----------
    top : str
        Its module, and its file in this room without ``.v``.
    engine : str
        Module of the engine, and its file without ``.v``.
    parameters : callable
        Gives the parameters of the bench from the ports of the engine, as ``names.json`` has them.
    """

    top: str
    engine: str
    parameters: Callable[[Mapping[str, dict]], dict[str, object]]

    @property
    def file(self) -> Path:
        """The bench."""
        return _HERE / f"{self.top}.v"

    @property
    def included(self) -> Path:
        """What it includes."""
        return _HERE / "bench_clock.vh"

    @property
    def text(self) -> str:
        """Everything that is compiled with the engine."""
        return self.file.read_text() + self.included.read_text()


def _layer_parameters(ports: Mapping[str, dict]) -> dict[str, object]:
    monitor = ports["monitor"]["fields"]
    tiles = monitor["tiles"]["fields"]
    return {
        "COMMAND_BITS": ports["command__payload"]["bits"],
        "BEAT_BITS": ports["i__payload"]["bits"],
        "RESULT_BITS": ports["o__payload"]["bits"],
        "CODES_BITS": tiles["0"]["fields"]["codes"]["bits"],
        "VALUES_BITS": tiles["0"]["fields"]["values"]["bits"],
        "TILE_BITS": tiles["0"]["bits"],
        "TILES": len(tiles),
        "STREAMS": monitor["offered"]["bits"],
    }


def _network_parameters(ports: Mapping[str, dict]) -> dict[str, object]:
    monitor = ports["monitor"]["fields"]
    places = ("value", "at", "done", "step", "cycles", "planes", "plane", "offered", "taken")
    return (
        {"SCORE_BITS": ports["o__payload"]["bits"], "MONITOR_BITS": ports["monitor"]["bits"]}
        | {"RESULT_BITS": ports["o__payload"]["fields"]["value"]["bits"]}
        | {f"{name.upper()}_AT": monitor[name]["low"] for name in places}
        | {f"{name.upper()}_BITS": monitor[name]["bits"] for name in ("value", "at", "step")}
        | {"STREAMS": monitor["offered"]["bits"]}
        | {"INTERRUPT_AT": find_register("interrupt").at}
        | {"COUNTERS_AT": find_register(COUNTERS[0]).at}
        | {"LOAD_AT": find_register("load_word").at}
        | {"COUNTER_WORDS": sum(find_register(name).words for name in COUNTERS)}
    )


LAYER_BENCH = Bench(top="layer_bench", engine="layer_engine", parameters=_layer_parameters)
NETWORK_BENCH = Bench(top="network_bench", engine="network_engine", parameters=_network_parameters)
DEVICE_BENCH = Bench(top="device_bench", engine="link_engine", parameters=lambda ports: {})
