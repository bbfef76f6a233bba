"""Damaged files for everything that reads files; ``python -m bench.fuzz --inputs 10000 --seed 0``.

Exit status 1 if an input brought anything but a result or one line. The readers, the damage and
the rules are in ``tests/fuzz``.
"""

import argparse
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.fuzz.campaign import Finding, campaign
from tests.fuzz.sandbox import BYTES_MAX, SECONDS_MAX
from tests.fuzz.subjects import SUBJECTS


def main() -> int:
    """Run the campaign that the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs in all (10000)")
    parser.add_argument("--seed", type=int, default=0, help="decides every input (0)")
    parser.add_argument("--only", action="append", choices=list(SUBJECTS), help="this kind alone")
    parser.add_argument("--number", type=int, help="this input of --only alone")
    parser.add_argument("--keep", type=Path, help="directory for the files of every fault")
    chosen = parser.parse_args()
    plan = _plan(chosen.only or list(SUBJECTS), chosen.inputs)
    if chosen.number is not None:
        plan = [(name, chosen.number) for name in chosen.only or ()]
    findings = []
    for finding in campaign(plan, seed=chosen.seed, keep=chosen.keep):
        findings.append(finding)
        if finding.outcome.kind == "fault":
            sys.stderr.write(f"{finding.subject} {finding.number}: {finding.outcome.signature}\n")
    console = Console(width=160)
    console.print(_table(findings))
    _print_faults(console, findings)
    return int(any(finding.outcome.kind == "fault" for finding in findings))


def _plan(names: list[str], inputs: int) -> list[tuple[str, int]]:
    """Inputs by subject, as many of each as its share says."""
    shares = sum(SUBJECTS[name].share for name in names)
    return [
        (name, number)
        for name in names
        for number in range(math.ceil(inputs * SUBJECTS[name].share / shares))
    ]


def _table(findings: list[Finding]) -> Table:
    table = Table("kind", *("inputs", "accepted", "refused", "faults", "slowest", "memory"))
    groups = defaultdict(list)
    for finding in findings:
        groups[finding.subject].append(finding.outcome)
    groups["all"] = [finding.outcome for finding in findings]
    for name, outcomes in groups.items():
        kinds = Counter(outcome.kind for outcome in outcomes)
        slowest = max(outcome.seconds for outcome in outcomes)
        peak = max(outcome.peak for outcome in outcomes) >> 20
        counts = [str(kinds[kind]) for kind in ("accepted", "refused", "fault")]
        table.add_row(name, str(len(outcomes)), *counts, f"{slowest:.2f} s", f"{peak} MiB")
    table.caption = f"at most {SECONDS_MAX:g} s and {BYTES_MAX >> 20} MiB"
    return table


def _print_faults(console: Console, findings: list[Finding]) -> None:
    """Every fault once, with the first input that shows it and how many do."""
    faults: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.outcome.kind == "fault":
            faults[finding.outcome.signature].append(finding)
    for signature, group in faults.items():
        first = group[0]
        console.print(f"{len(group)} x {signature}", markup=False)
        console.print(f"   --only '{first.subject}' --number {first.number}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
