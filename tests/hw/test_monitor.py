"""The monitor has a place for everything that can be seen."""

from hw.monitor import Monitor

SIZES = {"code_bits": 5, "columns": 8, "value_bits": 21, "ou_weights": 2, "ous": 30, "act_bits": 8}


def test_monitor_names_every_stream_that_can_stall():
    monitor = Monitor(tiles=1, **SIZES)
    assert monitor["offered"].shape == monitor["taken"].shape
    streams = ("command", "i", "index_fetch", "input_fetch", "accumulate", "o")
    assert tuple(name for name, _ in monitor["taken"].shape) == streams
    tile = 1 + 5 * 8 + 1 + 21 * 2 + 1 + 5 + 3 + 1 + 1
    assert monitor.size == tile + 2 * len(streams)
    four = Monitor(tiles=4, **SIZES)
    names = [name for name, _ in four["taken"].shape]
    assert names[:4] == ["command", "i", "index_fetch0", "input_fetch0"]
    assert len(names) == 4 + 2 * 4
    assert four.size == 4 * tile + 2 * len(names)
