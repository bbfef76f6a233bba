"""What the pages show is run: commands, Python, configurations, and what they print.

A page's blocks run in their order, in a directory in which a reader would be: a checkout with a run
of ``examples/digits.yaml`` in ``runs/digits``, and for the tutorial an empty one. Commands of
``ohmforge`` run as they stand, but for what :data:`SHORTER` adds; of others the parts are checked,
see :mod:`tests.docs.commands`. A block of ``text`` behind commands is what the last one prints, one
of ``console`` has both. Trained weights differ from processor to processor, and so do numbers that
depend on them.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flow.read_configuration import read_configuration
from sw.policy import read_policy
from tests.docs.blocks import ROOT, blocks, pages, spans
from tests.docs.commands import PARTS, check, split

TUTORIAL = "docs/tutorial.md"
LANGUAGES = {"sh", "console", "python", "yaml", "json", "text", "verilog", "c"}
SHORTER = {
    # The whole job of the digits is run by tests/flow/test_example.py.
    "run examples/digits.yaml": ["--until", "map"],
    # One simulation each instead of two.
    "run tumour.yaml": ["--set", "cosim.network_images=0"],
}
PARTS_ONLY = (
    "diff runs/digits",  # wants two finished runs, which the tutorial has
    # Want a board, or a simulation of one that is built and served for minutes.
    "host runs/digits --port /dev/",
    "host runs/digits --port board0",
    "host runs/digits --port simulation",
    "host runs/half --port board0",
    "device runs/digits",
    "fpga runs/digits",
)
STARTS = tuple(f"{' '.join(start)} " for start in PARTS)
CODED = re.compile(
    r"^(\$ |ohmforge |nox -|python3? -m |pip install|import \w|from \w+.* import )", re.M
)


def environment():
    """As a reader has it: ``ohmforge`` and ``python`` are those of the tests, one thread."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def ohmforge(words, place):
    """Run the command in a process of its own; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "flow", *words],
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """What stands in a checkout, and a run of the digits until its tables."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("examples", "docs", "bench", "pyproject.toml"):
        (place / name).symlink_to(ROOT / name)
    words = ["run", "examples/digits.yaml", "-o", "runs/digits", "--until", "map"]
    ohmforge(words, place)
    return place


class Reader:
    """Does what a page says, block by block."""

    def __init__(self, place):
        self.place = place
        self.printed = None
        self.names = {}

    def take(self, block):
        if block.title:
            (self.place / block.title).write_text(block.text)
        getattr(self, f"_{block.language or 'plain'}")(block)

    def _sh(self, block):
        for line in block.text.replace("\\\n", " ").splitlines():
            words = split(line)
            if words[:1] == ["ohmforge"] and "--help" not in words:
                command = " ".join(words[1:])
                extra = [e for start, e in SHORTER.items() if command.startswith(start)]
                check(words)
                if command.startswith(PARTS_ONLY):
                    continue
                self.printed = ohmforge([*words[1:], *(extra[0] if extra else [])], self.place)
            elif words[:1] in (["gtkwave"], ["surfer"]):
                assert (self.place / words[1]).is_file(), f"{words[1]} is not there"
            elif words[:2] == ["cp", "-r"]:
                shutil.copytree(self.place / words[2], self.place / words[3])
            elif words:
                check(words)

    def _console(self, block):
        """Commands behind ``$``, each with what it prints; numbers depend on the machine."""
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            words = split(line)
            assert words[0] == "ohmforge", line
            assert_printed(shown, ohmforge(words[1:], self.place), varying=True)

    def _python(self, block):
        if not block.title:
            with contextlib.chdir(self.place):
                exec(compile(block.text, block.place, "exec"), self.names)  # the page's own code

    def _yaml(self, block):
        path = self.place / (block.title or "block.yaml")
        path.write_text(block.text)
        if "scheme" in yaml.safe_load(block.text):
            read_policy(path)
        else:
            read_configuration(path)

    def _text(self, block):
        if self.printed is not None:
            assert_printed(block.text, self.printed, varying=block.varying)

    def _json(self, block):
        yaml.safe_load(block.text)  # JSON with comments

    def _plain(self, block):
        assert not CODED.search(block.text), "code without a fence and its language"

    _verilog = _c = _plain


def assert_printed(shown, printed, *, varying=False):
    """What is shown stands in what is printed, line by line.

    ``...`` stands for any lines, or for the rest of one; of ``varying`` text numbers may differ.
    """

    def plain(text):
        text = re.sub(r"-?\d[\d,.]*", "#", text) if varying else text
        return [" ".join(line.split()) for line in text.splitlines()]

    lines = plain(printed)
    for line in plain(shown):
        if line in ("...", ""):
            continue
        start, rest, _ = line.partition("...")
        fits = [
            n
            for n, other in enumerate(lines)
            if other == line or (rest and other.startswith(start))
        ]
        assert fits, f"{line!r} is not printed; it is:\n{printed}"
        lines = lines[fits[0] + 1 :]


@pytest.mark.parametrize("page", [page for page in pages() if page != TUTORIAL])
def test_page(page, checkout):
    reader = Reader(checkout)
    for block in blocks(page):
        assert block.language in LANGUAGES | {""}, f"{block.place}: {block.language}"
        try:
            reader.take(block)
        except Exception as error:
            raise AssertionError(f"{block.place}: {error}") from error


@pytest.mark.cosim
@pytest.mark.timeout(1800)
def test_tutorial(tmp_path):
    """From an empty directory to a waveform, a page and a difference, as it is written."""
    reader = Reader(tmp_path)
    for block in blocks(TUTORIAL):
        try:
            reader.take(block)
        except Exception as error:
            raise AssertionError(f"{block.place}: {error}") from error
    assert (tmp_path / "runs" / "half" / "report.html").is_file()
    told = {
        code for _, code in spans(TUTORIAL) if code.startswith("layer_bench.") and ".engine" in code
    }
    assert len(told) > 4
    assert told - {"layer_bench.engine"} <= set(signals(tmp_path / "runs/half/cosim/dump.vcd"))


def signals(path):
    """Names of the signals of a VCD file, with their scopes."""
    scopes, names = [], []
    with path.open() as file:
        for words in map(str.split, file):
            if words[:1] == ["$scope"]:
                scopes.append(words[2])
            elif words[:1] == ["$upscope"]:
                scopes.pop()
            elif words[:1] == ["$var"]:
                names.append(".".join([*scopes, words[4]]))
            elif words[:1] == ["$enddefinitions"]:
                break
    return names


@pytest.mark.parametrize("page", pages())
def test_commands_in_lines(page):
    """Of commands in the text the parts are there."""
    for line, code in spans(page):
        if code.startswith(STARTS):
            try:
                check(split(code))
            except Exception as error:
                raise AssertionError(f"{page}:{line}: {code}: {error}") from error


def is_right(line):
    try:
        check(split(line))
    except Exception:
        return False
    return True


def test_checks_can_fail():
    """Each check sees an example of what it looks for."""
    wrong = (
        "ohmforge frobnicate",
        "ohmforge run c.yaml --untill map",
        "ohmforge run c.yaml -o d --set prune.ration=1",
        "nox -s prove",
        "nox -s cosim -- --network2 x",
        "nox -s tests -- tests/none.py",
        "pip install -e .[everything]",
        "python -m bench.none",
        "python -m bench.fuzz --imputs 3",
        "make all",
    )
    assert [line for line in wrong if is_right(line)] == []
    with pytest.raises(AssertionError, match="is not printed"):
        assert_printed("a\n...\nc", "a\nb\n")
    assert_printed("a\n...\nc d", "a\nb\nc  d\n")
    assert_printed("a 1 ...", "a 1 b\n")
    assert_printed("a 1", "a 2\n", varying=True)
    with pytest.raises(AssertionError, match="is not printed"):
        assert_printed("a 1", "a 2\n")
    assert CODED.search("text\nohmforge run x\n")
    assert not CODED.search("text of ohmforge\n")
