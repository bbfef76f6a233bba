"""Everything in the program that reads a file that somebody else may have written."""

from tests.fuzz import images, jobs, networks, tables, weights

__all__ = ["SUBJECTS"]

SUBJECTS = {
    subject.name: subject
    for module in (jobs, tables, weights, images, networks)
    for subject in module.SUBJECTS
}
"""By name."""
