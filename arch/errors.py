"""Errors that the command line turns into one line and an exit status."""

__all__ = ["CheckFailed", "InputError", "OhmforgeError", "ToolError"]


class OhmforgeError(Exception):
    """Base of the errors that are meant for the user; ``exit_status`` says how the process ends."""

    exit_status = 2


class InputError(OhmforgeError):
    """A file, a configuration or an argument is wrong; the message says what to change."""


class ToolError(OhmforgeError):
    """A tool that is needed is missing or too old; the message says how to get it."""


class CheckFailed(OhmforgeError):
    """The product itself failed a check: a mismatch, a cycle count, an accuracy constraint."""

    exit_status = 1
