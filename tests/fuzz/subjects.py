"""Everything in the program that reads a file that somebody else may have written."""

from tests.fuzz import images, jobs, tables, weights

__all__ = ["SUBJECTS"]

SUBJECTS = {
    subject.name: subject
    for module in (jobs, tables, weights, images)
    for subject in module.SUBJECTS
}
"""By name."""
