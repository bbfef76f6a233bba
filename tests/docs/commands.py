"""Commands that a page tells of: which can be run by a test, and what is checked of the others."""

import re
import shlex
import tomllib
from collections.abc import Callable

import typer
from pydantic import BaseModel

from flow.cli import app
from flow.configuration import Configuration
from flow.field_rule import section_of
from tests.docs.blocks import ROOT

__all__ = ["PARTS", "check", "split"]


def split(line: str) -> list[str]:
    """Words of a command line, without its comment."""
    return shlex.split(line, comments=True)


def check(words: list[str]) -> None:
    """Check a command that is not run; raises AssertionError if it names what is not there."""
    for start, parts in PARTS.items():
        if words[: len(start)] == list(start):
            parts(words[len(start) :])
            return
    raise AssertionError(f"{shlex.join(words)}: no test knows this command")


def _ohmforge(words: list[str]) -> None:
    """The command and its options are known, and so are the fields of ``--set``."""
    group = typer.main.get_command(app)
    context = group.make_context("ohmforge", [], resilient_parsing=True)
    names = group.list_commands(context)
    if words and words[0].startswith("-"):
        group.make_parser(context).parse_args(words)
        return
    if not words or words[0] == "COMMAND":  # which stands for any
        return
    assert words[0] in names, f"no command {words[0]}; there are {', '.join(names)}"
    command = group.get_command(context, words[0])
    inner = command.make_context(words[0], [], parent=context, resilient_parsing=True)
    inner.resilient_parsing = False  # so that the parser refuses what it does not know
    words = [word for word in words[1:] if word not in ("[STAGE]", "...")]
    if words[-1:] == ["--force"]:  # it may stand alone
        words.append("all")
    options, _, _ = command.make_parser(inner).parse_args(words)
    for given in options.get("override") or ():
        _check_field(given.partition("=")[0])


def _check_field(path: str) -> None:
    model: type[BaseModel] | None = Configuration
    for name in path.split("."):
        assert model is not None, f"--set {path}: no section"
        assert name in model.model_fields, f"--set {path}: no field {name}"
        model = section_of(model.model_fields[name])


def _nox(words: list[str]) -> None:
    """Takes minutes and environments of its own: the sessions are there, and what they pass on."""
    own, _, rest = " ".join(words).partition(" -- ")
    sessions = re.findall(r"-s (\w+)", own)
    text = (ROOT / "noxfile.py").read_text()
    for session in sessions:
        assert re.search(rf"^def {session}\(", text, re.M), f"no session {session}"
    assert sessions, "nox is told no session"
    passed = rest.split()
    for word in passed:
        if re.match(r"(tests|examples)/", word):
            assert (ROOT / word).exists(), f"{word} is not there"
    if sessions == ["cosim"] and passed:
        if passed[0].startswith("--"):
            assert f'"{passed[0]}"' in text, f"the session knows no {passed[0]}"
        else:
            _ohmforge(passed)


def _pip(words: list[str]) -> None:
    """Would change the environment of the tests: the extras are there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = project["optional-dependencies"]
    for extras in re.findall(r"(?:\.|ohmforge)\[([\w,]+)\]", " ".join(words)):
        for extra in extras.split(","):
            assert extra in known, f"no extra {extra}"


def _bench(words: list[str]) -> None:
    """Takes minutes: the module is there and has the options."""
    module, *rest = words
    path = ROOT / (module.replace(".", "/") + ".py")
    assert path.is_file(), f"no module {module}"
    text = path.read_text()
    shared = (ROOT / "bench" / "finished_run.py").read_text()
    for word in rest:
        if word.startswith("--"):
            spelt = {f'"{word}"', f'"--{word.removeprefix("--no-")}"'}  # of a switch both ways
            assert any(form in text + shared for form in spelt), f"{module} has no option {word}"


def _nothing(words: list[str]) -> None:
    """A program of the system, or one that only looks at what is there."""


PARTS: dict[tuple[str, ...], Callable[[list[str]], None]] = {
    ("ohmforge",): _ohmforge,
    ("nox",): _nox,
    ("python3", "-m", "nox"): _nox,
    ("python3", "-m", "pip"): _pip,
    ("python", "-m", "pip"): _pip,
    ("pip",): _pip,
    ("python", "-m"): _bench,
    ("python3.11", "-m", "venv"): _nothing,
    ("verilator", "--lint-only"): _nothing,  # tests/hw/test_emit*.py run it
    ("git", "clone"): _nothing,
    ("source",): _nothing,
    ("gtkwave",): _nothing,  # viewers with windows
    ("surfer",): _nothing,
}
"""What is checked of a command that is not run, by how it begins; each says why it is not."""
