"""Faults on the line: never a wrong result, never a hang, and afterwards the device works."""

import pytest

from host.errors import DeviceError
from host.inference import infer, measure
from tests.host.faulty_line import KINDS, FaultyLine
from tests.host.small_device import SHAPE, device_of, golden, images_of, target_of, virtual

CASES = 2100
SECONDS = 120.0
"""Of the simulated clock, in which every case must end."""
TARGET = target_of(loadable=True)
IMAGES = images_of(TARGET, 3)
EXPECTED = golden(TARGET, IMAGES)


def job(device, number):
    """What a host does: load if it must, then infer or measure; gives the results."""
    if not device.engine.fields("status")["loaded"] or number % 4 == 0:
        device.load(TARGET)
    device.check(TARGET)
    if number % 3:
        return infer(device, TARGET, IMAGES, seconds=1.0).values
    return measure(device, TARGET, IMAGES, seconds=1.0)[0].values


@pytest.mark.parametrize("kind", KINDS)
def test_any_fault_is_survived(kind):
    right = errors = faults = 0
    line = FaultyLine(virtual(TARGET), kind, 0, share=0.0)
    device = device_of(TARGET, SHAPE, line)
    for number in range(CASES // len(KINDS)):
        line.random.seed(f"{kind} {number}")
        line.share = (0.02, 0.1, 0.4)[number % 3]
        began, line.faults = line.seconds(), 0
        try:
            assert (job(device, number) == EXPECTED).all(), f"{kind} {number}"
            right += 1
        except DeviceError:
            errors += 1
        faults += line.faults
        assert line.seconds() - began < SECONDS, f"{kind} {number}"
        # Without faults it works again at once, without power cycling.
        line.share = 0.0
        if number % 10 == 0:
            assert (job(device, 4 * number + 1) == EXPECTED).all(), f"{kind} {number}, afterwards"
    assert faults > CASES // len(KINDS)
    # A device that was reset has lost what it was told, and says so; all else is repeated.
    assert right > CASES // len(KINDS) // (20 if kind == "reset" else 5), f"{errors} errors"


def test_line_that_stays_bad_is_one_error():
    line = FaultyLine(virtual(TARGET), "flip", 1, share=1.0)
    device = device_of(TARGET, SHAPE, line)
    with pytest.raises(DeviceError, match=r"the device does not answer \(tried 9 times"):
        device.identify()
    line.share = 0.0
    assert device.identify().loadable
