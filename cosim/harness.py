"""Build an engine and its bench with Verilator, and run the cocotb tests on it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from arch.environment import environment
from arch.errors import CheckFailed, ToolError
from cosim.bench import LAYER_BENCH, Bench
from cosim.runtime_library import borrow_library, lend_library, library_path, publish
from cosim.toolchain import verilator

__all__ = ["Simulator", "build_simulator"]

_ROOT = Path(__file__).parents[1]
_OPTIONS = (
    "--timing",  # the bench makes its own clock: no event in Python for every edge
    "--no-public-flat-rw",  # only what the bench marks; all public costs most of the speed
    "-O3",
    "--output-split",
    "0",  # one C++ file: small designs gain nothing from precompiled headers
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--converge-limit",
    "10000",  # a time step holds many cycles
    "-Wno-lint",
    "-Wno-MULTIDRIVEN",  # the clock has several drivers, which take turns
    "-Wno-INITIALDLY",
    "-CFLAGS",
    "-O1",  # builds in two thirds of the time of -O2, with which simulations are hardly faster
)
_NETLIST_OPTIONS = ("--output-split-cfuncs", "2000")
"""A netlist is one function of many thousand lines, for which a C++ compiler takes minutes."""


class Simulator:
    """A simulator that was built, ready to run test modules.

    Parameters
    ----------
    build_directory : Path
        Where the binary is.
    top : str
        The bench.
    waves : bool
        Whether it can write ``dump.vcd``.
    """

    def __init__(self, build_directory: Path, *, top: str, waves: bool) -> None:
        self._build_directory = build_directory
        self._top = top
        self._waves = waves

    def run(self, test_module: str, directory: Path, *, seed: int, pattern: str = "") -> list[str]:
        """Run the cocotb tests of a module in ``directory``.

        Parameters
        ----------
        test_module : str
            Importable name.
        directory : Path
            Where the simulator runs, and where ``results.xml``, ``simulation.log`` and, if asked
            for, ``dump.vcd`` are written.
        seed : int
            Seed of cocotb's random choices.
        pattern : str
            Regular expression of the tests to run; all when empty.

        Returns
        -------
        list of str
            Name and reason of each test that failed.

        Raises
        ------
        :exc:`arch.errors.CheckFailed`
            If the simulator ended without a result, or no test ran.
        """
        results = directory / "results.xml"
        log = directory / "simulation.log"
        results.unlink(missing_ok=True)
        runner = get_runner("verilator")
        path = os.pathsep.join([str(_ROOT), *sys.path])
        try:
            runner.test(
                hdl_toplevel=self._top,
                hdl_toplevel_lang="verilog",
                test_module=test_module,
                build_dir=self._build_directory,
                test_dir=directory,
                seed=seed,
                waves=self._waves,
                results_xml=str(results),
                test_filter=pattern or None,
                extra_env={"PYTHONPATH": path},
                log_file=log,
            )
        except (SystemExit, RuntimeError, subprocess.CalledProcessError) as error:
            if not results.exists():
                raise CheckFailed(
                    f"the simulator ended without a result ({error}): see {log}"
                ) from error
        if not results.exists():
            raise CheckFailed(f"the simulator ended without a result: see {log}")
        cases = list(ElementTree.parse(results).iter("testcase"))
        if not any(case.find("skipped") is None for case in cases):
            raise CheckFailed(f"no cocotb test ran: see {log}")
        return [
            f"{case.get('name')}: {problem.get('message') or problem.get('type')}"
            for case in cases
            for problem in (*case.findall("failure"), *case.findall("error"))
        ]


def build_simulator(
    verilog: Path, build_root: Path, *, bench: Bench = LAYER_BENCH, waves: bool = False
) -> Simulator:
    """Compile the engine in ``verilog`` with its bench, unless it was compiled before.

    A crossbar macro is compiled as its behavioural model, which reads the cells when it runs.

    The directory is named after everything that goes in, so that an unchanged design is never
    built again and designs that differ never share a build.

    Parameters
    ----------
    verilog : Path
        Directory that :func:`hw.emit.write_verilog` filled.
    build_root : Path
        Where build directories are made.
    bench : Bench
        The bench, which says which engine.
    waves : bool
        Whether the simulator can write waveforms.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If Verilator or what it needs is missing, or the build fails.
    """
    toolchain = verilator()
    names = json.loads((verilog / "names.json").read_text())
    sources = [verilog / f"{bench.engine}.v"]
    if "macro" in names:
        sources.append(verilog / names["macro"]["model"])
    parameters = bench.parameters(names["ports"])
    options = (*_OPTIONS, *(_NETLIST_OPTIONS if names.get("netlist") else ()))
    texts = [source.read_text() for source in sources]
    digest = _digest(texts, bench.text, parameters, options, waves, toolchain)
    target = build_root / f"{bench.top}-{digest}"
    if not (target / bench.top).exists():
        fresh = build_root / f"{bench.top}-{digest}.{uuid.uuid4().hex[:8]}"
        fresh.mkdir(parents=True)
        library = library_path(_OPTIONS, toolchain, waves=waves)
        try:
            borrow_library(library, fresh)
            _build(
                sources,
                fresh,
                bench,
                parameters,
                options,
                waves=waves,
                variables=toolchain.environment,
            )
            lend_library(fresh, library)
            publish(fresh, target, marker=bench.top)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return Simulator(target, top=bench.top, waves=waves)


def _build(
    sources: Sequence[Path],
    directory: Path,
    bench: Bench,
    parameters: Mapping[str, object],
    options: Sequence[str],
    *,
    waves: bool,
    variables: Mapping[str, str],
) -> None:
    log = directory / "build.log"
    with environment(variables):
        try:
            get_runner("verilator").build(
                sources=[*(source.resolve() for source in sources), bench.file],
                includes=[bench.included.parent],
                hdl_toplevel=bench.top,
                build_dir=directory,
                build_args=list(options),
                parameters=parameters,
                defines={"WAVES": 1} if waves else {},
                timescale=("1ns", "1ps"),
                waves=waves,
                log_file=log,
            )
        except (SystemExit, RuntimeError, subprocess.CalledProcessError) as error:
            kept = directory.parent / "build-failed.log"
            if log.exists():
                shutil.copy(log, kept)
            raise ToolError(f"Verilator could not build the design: see {kept}") from error


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
