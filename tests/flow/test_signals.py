"""Signals that end a command."""

import os
import signal

import pytest

from flow.signals import ended_by_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("given", "status"), [((), 128), ((0,), 0), ((3,), 3)])
def test_ends_with_everything_cleared_up(number, given, status):
    before = signal.getsignal(number)
    cleared = []

    def work():
        with ended_by_signals(*given):
            try:
                os.kill(os.getpid(), number)
            finally:
                cleared.append(True)

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == (status if given else status + number)
    assert cleared
    assert signal.getsignal(number) == before
