"""What comes back over a link, and what is counted of it."""

from dataclasses import dataclass

from arch.link_frame import Status

__all__ = ["Answer", "LinkCounts"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a device said to a request.

    Parameters
    ----------
    status : Status
        Whether it was done.
    payload : bytes
        What follows the status.
    """

    status: Status
    payload: bytes


@dataclass(kw_only=True)
class LinkCounts:
    """What happened on a link since it was opened.

    Parameters
    ----------
    requests : int
        Requests that were answered.
    repeats : int
        Times that one was sent again.
    damaged : int
        Answers whose length or check was wrong.
    silent : int
        Times that no whole answer came in time.
    passed_over : int
        Frames that were not the answer that was waited for.
    syncs : int
        Conversations that were begun.
    sent, received : int
        Bytes.
    seconds : float
        Spent in requests.
    """

    requests: int = 0
    repeats: int = 0
    damaged: int = 0
    silent: int = 0
    passed_over: int = 0
    syncs: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
