"""What a page is made of: the report, the tables and the log of the search of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arch.tables import MappingTables
from flow.search_log import SearchLog

__all__ = ["Run"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run, as far as it came.

    Parameters
    ----------
    report : mapping
        The report, see ``docs/report.schema.json``; of a run that is not finished, those of its
        keys that are known.
    tables : MappingTables or None
        The tables that the report is of; None if they are not there.
    search : SearchLog or None
        What the search tried; None if there was none.
    missing : tuple of str
        Stages that are not done, or were done from something else than what is there now.
    """

    report: Mapping[str, Any]
    tables: MappingTables | None = None
    search: SearchLog | None = None
    missing: tuple[str, ...] = ()

    @property
    def hardware(self) -> Mapping[str, Any]:
        """Section ``hardware`` of the configuration, as far as it is known."""
        section = self.report.get("configuration", {}).get("hardware", {})
        return {"crossbar": "emulated"} | dict(self.report.get("hardware", {})) | dict(section)
