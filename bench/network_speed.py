"""Simulated cycles per second of whole images: the network engine beside a bare C++ loop.

Images of a finished run go through the engine, and every feature map is compared, as in
cosimulation; the bare loop runs the same Verilog for as many cycles, on noise. In turn, round after
round; the fastest round of each counts.

Run ``python -m bench.network_speed --help`` from the repository's root.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from arch.network_program import build_network_program
from arch.registers import find_register
from arch.table_files import load
from bench.bare_model import BareModel
from cosim.networks import cosimulate_network
from flow.read_configuration import read_configuration
from flow.sources import load_dataset
from flow.stages.quantise import PRUNED
from hw.emit import NETWORK_TOP, write_verilog
from sw.integer_network import encode_input, load_integer_network

WORD_BYTES = 4
ENABLE = 1  # the field of the register `control`


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.network_speed", description=__doc__)
    parser.add_argument("configuration", type=Path, help="configuration of the run")
    parser.add_argument("run", type=Path, help="run directory, at least up to the stage map")
    parser.add_argument("--images", type=int, default=1, help="images of the test split (1)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender (3)")
    parser.add_argument("--skip", action="store_true", help="planes without a one are skipped")
    parser.add_argument(
        "--set", metavar="KEY.PATH=VALUE", action="append", default=[], help="of the configuration"
    )
    chosen = parser.parse_args(arguments)
    tables = chosen.run / "map" / "tables"
    network = load_integer_network(chosen.run / "quantise" / PRUNED)
    test = load_dataset(read_configuration(chosen.configuration, chosen.set)).test
    codes = encode_input(network, test.images[: chosen.images])
    rates: dict[str, list[float]] = {"bare loop": [], "cosimulation": []}
    seconds = []
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        verilog = work / "verilog"
        verilog.mkdir()
        write_verilog(build_network_program(load(tables), skip_zero_planes=chosen.skip), verilog)
        bare = BareModel(verilog, NETWORK_TOP, "bare_network.cpp", work / "bare")
        control = find_register("control").at // WORD_BYTES
        for _ in track(range(chosen.rounds), description="rounds", transient=True):
            done = cosimulate_network(
                tables,
                verilog,
                codes,
                work / "simulation",
                build_root=work,
                stalls=(0,),
                resets=False,
            )
            if done.problems:
                raise SystemExit(done.problems[0])
            rates["cosimulation"].append(done.cycles_per_second)
            clocks = done.runs[0].clocks
            seconds.append(done.runs[0].seconds / chosen.images)
            rates["bare loop"].append(bare.cycles_per_second(control, ENABLE, clocks))
    fastest = {name: max(values) for name, values in rates.items()}
    table = Table("contender", "cycles/s, fastest round", "share of the bare loop")
    for name, rate in fastest.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / fastest['bare loop']:.2f}")
    console = Console()
    console.print(table)
    console.print(f"{clocks:,} cycles, {min(seconds):.2f} s an image", highlight=False)


if __name__ == "__main__":
    main()
