"""The command ``ohmforge doctor``."""

from arch.errors import ToolError
from flow.console import out, print_json
from flow.options import Json

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = """\
Examples:

\b
ohmforge doctor
ohmforge doctor --json
"""
"""What ``--help`` closes with."""


def doctor(json: Json = False) -> None:
    """Look for every tool that a run needs, and say how to get what is missing."""
    from dataclasses import asdict

    from rich.table import Table

    from flow.doctor import examine

    findings = examine()
    missing = [finding.tool for finding in findings if not finding.found]
    if json:
        print_json({"tools": [asdict(finding) for finding in findings], "missing": missing})
    else:
        table = Table("tool", "", "", box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row("ok" if finding.found else "MISSING", finding.tool, finding.text)
        out().print(table, soft_wrap=True)
    if missing:
        raise ToolError(f"missing: {', '.join(missing)}")
