"""Configurations, policies, run directories, reports and the journal of a search."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from flow.content_hash import hash_value
from flow.read_configuration import read_configuration
from flow.stages import STAGES
from sw.policy import policy_for, read_policy, write_policy
from sw.search.evaluation import Evaluation
from sw.search.journal import Journal
from tests.flow.page.finished_run import write_run
from tests.flow.small_job import CONFIGURATION, write_images
from tests.flow.test_report import NETWORK, REPORT
from tests.fuzz.odd import Odd
from tests.fuzz.sandbox import command
from tests.fuzz.subject import Files, Subject, files_of

__all__ = ["SUBJECTS"]

ROOT = Path(__file__).parents[2]
_LAYERS = ("conv1", "conv2", "conv3", "fc")
_NAMED = tuple(odd for odd in Odd if odd is not Odd.PIPE)
_PAGE = ("run/report.html", "run/.ohmforge.report.html")
_KEY = "what it depends on"


def _configurations(directory: Path) -> Sequence[Files]:
    """The examples, and two that are smaller."""
    texts = [path.read_bytes() for path in sorted((ROOT / "examples").glob("*.yaml"))]
    engine = b"hardware: {tables: loadable, capacity: {ous: 3}}\nprune: {ratio: {fc: 0.5}}\n"
    return [{"c.yaml": text} for text in (*texts, CONFIGURATION.encode(), engine)]


def _read_configuration() -> None:
    read_configuration(Path("c.yaml"))


def _overrides(directory: Path) -> Sequence[Files]:
    """Values for ``--set``, a file each, as nothing else here is no file."""
    texts = ("seed=3", "prune.ratio={fc: 0.5}", "data.mean=[0.5, 0.25]", "search.agent=tpe")
    return [{"override": text.encode()} for text in texts]


def _override() -> None:
    word = Path("override").read_bytes().decode("utf-8", "surrogateescape")
    read_configuration(ROOT / "examples" / "digits.yaml", [word.replace("\0", "")])


def _policies(directory: Path) -> Sequence[Files]:
    for place, ratio in enumerate((0.7, {"fc": 0.25, "conv1": 1.0})):
        policy = policy_for(_LAYERS, scheme="row_vector", ratio=ratio)
        write_policy(policy, directory / f"{place}.yaml")
    return [{"policy.yaml": content} for content in files_of(directory).values()]


def _read_policy() -> None:
    read_policy(Path("policy.yaml")).check_layers(_LAYERS)


def _journals(directory: Path) -> Sequence[Files]:
    journal = Journal(directory / "log", key=_KEY)
    for number in range(5):
        found = Evaluation(accuracy=0.5 + number / 16, divergence=0.25, seconds=1.5)
        journal.add("short", [number, 3, 4], found)
    return [files_of(directory)]


def _read_journal() -> None:
    journal = Journal(Path("log"), key=_KEY)
    journal.find("short", [2, 3, 4])


def _run_until_map() -> None:
    command("run", "small.yaml", "-o", "run", "--until", "map")


def _runs(directory: Path) -> Sequence[Files]:
    """A run directory of a small job, up to its tables, with configuration and data."""
    directory.mkdir(exist_ok=True)
    (directory / "small.yaml").write_text(CONFIGURATION)
    write_images(directory / "data.npz")
    with contextlib.chdir(directory):
        _run_until_map()
    made = files_of(directory)
    return [{name: content for name, content in made.items() if "/build/" not in name}]


def _reported_runs(directory: Path) -> Sequence[Files]:
    """A finished run, one that is not, and one with a report and no record of it."""
    write_run(directory / "one" / "run", search={"agent": "random", "episodes": 4})
    finished = files_of(directory / "one")
    (unfinished,) = _runs(directory / "two")
    bare = {name: data for name, data in finished.items() if "records" not in name}
    return [finished, unfinished, bare]


def _two_runs(directory: Path) -> Sequence[Files]:
    """Two finished runs."""
    write_run(directory / "run")
    write_run(directory / "other", seed=1)
    return [files_of(directory)]


def _diff() -> None:
    command("diff", "run", "other")


def _repair_records(files: dict[str, bytes | Odd]) -> None:
    """Make the hashes of what the stages wrote and read right, where a record is still one."""
    with contextlib.suppress(AttributeError, ValueError, LookupError, TypeError, RecursionError):
        digests = {
            name.removeprefix("run/"): hashlib.sha256(content).hexdigest()
            for name, content in files.items()
            if isinstance(content, bytes)
        }
        for stage in STAGES:
            name = f"run/records/{stage.name}.json"
            if name not in files:
                continue
            record = json.loads(files[name])
            record["outputs"] = {output: digests[output] for output in record["outputs"]}
            for need in record["files"]:
                wrote, _, part = need.partition(".")
                source = next((stage for stage in STAGES if stage.name == wrote), None)
                if source is None:  # a file that the configuration names
                    continue
                start = source.details if part else source.output
                read = {path: digest for path, digest in digests.items() if path.startswith(start)}
                record["files"][need] = hash_value(read)
            files[name] = json.dumps(record).encode()


def _look_at_run() -> None:
    command("validate", "run")
    command("explain", "run", "--layer", "conv1", "--row", "3", "--col", "2")


def _reports(directory: Path) -> Sequence[Files]:
    marker = json.dumps({"schema": 1}).encode()
    whole = REPORT | {"cosim": REPORT["cosim"] | {"network": NETWORK}}
    return [
        {"run/report.json": json.dumps(report).encode(), "run/ohmforge.json": marker}
        for report in (REPORT, whole)
    ]


def _report() -> None:
    command("report", "run")


SUBJECTS = (
    Subject(
        name="configuration",
        originals=_configurations,
        read=_read_configuration,
        share=5,
        odd=_NAMED,
    ),
    Subject(name="override", originals=_overrides, read=_override, odd=()),
    Subject(name="policy", originals=_policies, read=_read_policy, share=2),
    Subject(
        name="journal of a search",
        originals=_journals,
        read=_read_journal,
        results=("log", ".log."),
        odd=(Odd.MISSING,),  # it is the program's own, in a folder for what can be made again
    ),
    Subject(
        name="run directory, run again",
        originals=_runs,
        read=_run_until_map,
        results=("run",),
        damaged=(".json", ".safetensors", ".yaml", ".npz", ".md", ".log"),
    ),
    Subject(name="run directory, looked at", originals=_runs, read=_look_at_run),
    Subject(
        name="run directory, reported",
        originals=_reported_runs,
        read=_report,
        results=_PAGE,
        repair=_repair_records,
        damaged=(".json", ".jsonl", ".safetensors", ".yaml", ".npz"),
        share=2,
    ),
    Subject(
        name="run directory, compared",
        originals=_two_runs,
        read=_diff,
        repair=_repair_records,
        share=2,
    ),
    Subject(name="report", originals=_reports, read=_report, results=_PAGE),
)
