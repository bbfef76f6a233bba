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
from bench.bare_model import BareModel
from bench.finished_run import FinishedRun
from cosim.networks import cosimulate_network
from hw.emit import NETWORK_TOP, write_verilog

WORD_BYTES = 4
ENABLE = 1  # the field of the register `control`


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.network_speed", description=__doc__)
    FinishedRun.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender (3)")
    parser.add_argument("--skip", action="store_true", help="planes without a one are skipped")
    chosen = parser.parse_args(arguments)
    run = FinishedRun(chosen)
    rates: dict[str, list[float]] = {"bare loop": [], "cosimulation": []}
    seconds = []
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        verilog = work / "verilog"
        verilog.mkdir()
        write_verilog(build_network_program(run.tables, skip_zero_planes=chosen.skip), verilog)
        bare = BareModel(verilog, NETWORK_TOP, "bare_network.cpp", work / "bare")
        control = find_register("control").at // WORD_BYTES
        for _ in track(range(chosen.rounds), description="rounds", transient=True):
            done = cosimulate_network(
                run.tables_path,
                verilog,
                run.codes,
                work / "simulation",
                build_root=work,
                stalls=(0,),
                resets=False,
            )
            if done.problems:
                raise SystemExit(done.problems[0])
            rates["cosimulation"].append(done.cycles_per_second)
            clocks = done.runs[0].clocks
            seconds.append(done.runs[0].seconds / run.images)
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
