"""The command ``ohmforge report``, and what a run closes with."""

import errno
from pathlib import Path

from flow.console import print_json, print_wide, say, tell
from flow.options import Json, RunPath

__all__ = ["EXAMPLES", "print_report", "report"]

EXAMPLES = """\
Examples:

\b
ohmforge report runs/digits
ohmforge report runs/digits --json
"""
"""What ``--help`` closes with."""


def report(directory: RunPath, json: Json = False) -> None:
    """Print the tables that a run closes with, and write the page report.html.

    Of a run that is not finished the page has what is there. With --json report.json is printed,
    and nothing is written.
    """
    from flow.damaged_run import one_line_if_damaged
    from flow.page import PAGE, write_page
    from flow.page.open_run import open_run
    from flow.report_file import REPORT, read_report
    from flow.run_directory import RunDirectory

    opened = RunDirectory.open(directory)
    if json:
        print_json(read_report(directory / REPORT))
        return
    try:
        with one_line_if_damaged(directory):
            run = open_run(opened)
            write_page(directory / PAGE, run)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        tell(f"{directory / PAGE}: not written: {error.strerror}")
    if run.missing:
        say(f"no {REPORT}, or an old one: {', '.join(run.missing)} not done, or not up to date")
        say(_page_line(directory))
    else:
        print_report(directory)


def print_report(directory: Path) -> None:
    """Print the tables of a finished run, and where its page is."""
    from flow.report_file import REPORT, read_report
    from flow.report_table import report_tables

    print_wide(report_tables(read_report(directory / REPORT)))
    say(_page_line(directory))


def _page_line(directory: Path) -> str:
    from flow.page import PAGE

    return f"page          {directory / PAGE}"
