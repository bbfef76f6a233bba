"""One line for run directories whose files are each right and do not go together."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2.exceptions import UndefinedError

from arch.errors import InputError

__all__ = ["one_line_if_damaged"]

_OF_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def one_line_if_damaged(directory: Path) -> Iterator[None]:
    """Turn what goes wrong with the values of a run directory into one line.

    Every file is checked when it is read, but not whether all of them tell of the same layers and
    images: a stage writes them together, and whoever changed one by hand is to be told of it.

    Raises
    ------
    :exc:`arch.errors.InputError`
        In the place of an error that a missing, strange or contradictory value brought about.
    """
    try:
        yield
    except (*_OF_VALUES, UndefinedError) as error:
        raise InputError(
            f"{directory}: its files do not go together ({type(error).__name__}: {error!s:.200}); "
            f"if one was changed, ohmforge run makes it anew"
        ) from error
