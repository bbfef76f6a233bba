"""Sessions of the project: ``nox -s cosim``, ``tests``, ``lint`` and ``bench``."""

import re
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "lint"]
PYTHON = "3.11"  # the version that pyproject.toml asks for
ROOT = Path(__file__).parent
NETWORKS = {
    "digits": "digits",
    "lenet5": "lenet5",
    "resnet20": "resnet20_network",
}  # and their examples


@nox.session(python=PYTHON)
def cosim(session: nox.Session) -> None:
    """Prove the digits, with a ratio that is given and with ratios that an agent finds.

    The ladder of the host then climbs the digits' engine with its link, simulated down to the bits
    of the wires.

    ``-- --sweep`` proves many geometries instead, ``-- --network resnet20`` a whole network,
    ``-- --own`` every network of ``examples/own``, ``-- --netlist`` engines after synthesis for
    ECP5; what follows, such as ``--set``, goes to ``ohmforge``.
    """
    session.install("-e", ".[all,fpga]" if "--netlist" in session.posargs else ".[all]")
    if "--sweep" in session.posargs:
        rest = [word for word in session.posargs if word != "--sweep"]
        session.run("ohmforge", "sweep", "-o", "sim_build/sweep", *rest)
    elif "--own" in session.posargs:
        rest = [word for word in session.posargs if word != "--own"]
        _cosim_own(session, rest)
    elif "--netlist" in session.posargs:
        rest = [word for word in session.posargs if word != "--netlist"]
        _cosim_netlist(session, rest)
    elif "--network" in session.posargs:
        place = session.posargs.index("--network")
        name, *after = session.posargs[place + 1 :] or [""]
        if name not in NETWORKS:
            session.error(f"--network must be one of {', '.join(NETWORKS)}, not {name!r}")
        example = f"examples/{NETWORKS[name]}.yaml"
        rest = [*session.posargs[:place], *after]
        session.run("ohmforge", "run", example, "-o", f"sim_build/{name}", *rest)
    elif session.posargs:
        session.run("ohmforge", *session.posargs)
    else:
        for name in ("digits", "digits_search"):
            session.run("ohmforge", "run", f"examples/{name}.yaml", "-o", f"sim_build/{name}")
        ladder = ("--port", "simulation", "selftest", "--images", "20")
        session.run("ohmforge", "host", "sim_build/digits", *ladder)


def _cosim_own(session: nox.Session, rest: list[str]) -> None:
    """The whole job of every network of ``examples/own``, by Python and, of one, by ONNX."""
    with session.chdir("examples/own"):
        session.run("python", "export.py", "residual", "residual.onnx")
        for path in sorted((ROOT / "examples" / "own").glob("*.yaml")):
            place = ROOT / "sim_build" / "own" / path.stem
            session.run("ohmforge", "run", path.name, "-o", str(place), *rest)


def _cosim_netlist(session: nox.Session, rest: list[str]) -> None:
    """After synthesis: the digits network, and a layer of ResNet-20 with half of it pruned."""
    for name, layer in (("digits", []), ("resnet20", ["--layer", "layer1_0_conv1"])):
        example, run = f"examples/{NETWORKS[name]}.yaml", f"sim_build/netlist_{name}"
        session.run("ohmforge", "run", example, "-o", run, "--until", "map", *rest)
        session.run("python", "-m", "bench.netlist", run, *layer)


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """Run the tests on two processes; what follows ``--`` goes to pytest."""
    session.install("-e", ".[tests]")
    # Each process has a core; threads of torch would only wait for one another.
    variables = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", "-n", "2", "--dist", "worksteal", *session.posargs, env=variables)


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Check style, types, who imports whom, and that CI runs what the README says."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports", "--config", "importlinter.ini")
    _check_ci(session)


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Measure the golden model, the cosimulation and the search beside their peers."""
    session.install("-e", ".[bench]")
    for name in ("golden", "cosim_speed", "search"):
        if (ROOT / "bench" / f"{name}.py").exists():
            session.run("python", "-m", f"bench.{name}", *session.posargs)


def _check_ci(session: nox.Session) -> None:
    """Every command of ``.ci/run`` stands in a code block of the README."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    told = {line.partition("#")[0].strip() for block in blocks for line in block.splitlines()}
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line.strip() for line in lines if re.match(r"(python3|nox)\b", line.strip())]
    missing = [command for command in commands if command not in told]
    if missing or not commands:
        session.error(f".ci/run runs what the README does not say: {missing or 'nothing'}")
