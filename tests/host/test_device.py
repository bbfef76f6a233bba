"""Device: who it is, its tables, its errors; what it says is not believed."""

import dataclasses

import pytest

from arch.engine_error import Error
from arch.network_cycles import network_cycles
from arch.registers import COUNTERS, IDLE_CAUSES
from cosim.virtual.line import VirtualLine
from host.errors import DeviceError
from host.inference import infer, measure
from tests.host.small_device import (
    SHAPE,
    device_of,
    golden,
    images_of,
    target_of,
    virtual,
)


def test_identity():
    target = target_of(loadable=True)
    identity = device_of(target).identify()
    target.check(identity.engine)
    assert identity.loadable
    assert identity.tables_sha256 == ""
    assert identity.link["buffers"] == {"image_bytes": 1024, "results": 64}
    baked = target_of()
    assert device_of(baked).identify().tables_sha256 == baked.tables.sha256


@pytest.mark.parametrize(
    "built_as",
    [{}, {"argmax": True}, {"skip_zero_planes": True}, {"loadable": True}, {"counter_bits": 16}],
    ids=str,
)
@pytest.mark.parametrize("tiles", [1, 2])
def test_images(built_as, tiles):
    target = target_of(tiles=tiles, **built_as)
    device = device_of(target)
    if target.loadable:
        device.load(target)
    device.check(target)
    images = images_of(target, 9)
    expected, told = golden(target, images), []
    results = infer(device, target, images, progress=lambda *done: told.append(done))
    assert (results.index == expected.argmax(axis=1)).all()
    if target.program.shape.argmax:
        assert (results.values[:, 0] == expected.max(axis=1)).all()
    else:
        assert (results.values == expected).all()
    assert told[-1] == (9, 9)
    assert 0 < results.seconds < 1
    measured, counters = measure(device, target, images[:2])
    assert (measured.index == results.index[:2]).all()
    model, wrap = network_cycles(target.tables, target.program), 1 << 16
    for grown in counters:
        assert grown.keys() == set(COUNTERS)
        assert grown["images"] == 1
        if not target.program.shape.engine.skip_zero_planes:
            busy = grown["cycles"] * tiles - grown["idle_stopped"]
            assert busy % wrap == model.total * tiles % wrap
        assert (grown["planes"] + grown["planes_skipped"]) % wrap == model.planes % wrap
        used = grown["planes"] + sum(grown[f"idle_{cause}"] for cause in IDLE_CAUSES)
        assert used % wrap == grown["cycles"] * tiles % wrap


def test_no_images():
    target = target_of()
    device = device_of(target)
    assert infer(device, target, images_of(target, 0)).values.shape == (0, 4)
    assert measure(device, target, images_of(target, 0))[1] == []


def test_another_pruning_result_is_loaded():
    first, other = target_of(loadable=True), target_of(0.9)
    other = type(first).of(other.tables, shape=first.program.shape, origin="other")
    hardware = virtual(first, others=[(other.tables, other.program)])
    device = device_of(first, line=VirtualLine(hardware))
    images = images_of(first, 4)
    for target in (first, other, first):
        device.load(target)
        assert (infer(device, target, images).values == golden(target, images)).all()
    with pytest.raises(DeviceError, match=r"the device holds other tables .*; load them"):
        device.check(other)


def test_wrong_tables_are_refused():
    device = device_of(target_of())
    with pytest.raises(DeviceError, match=r"other tables .* than small .*configure it with their"):
        device.check(target_of(0.9))


def test_another_geometry_is_refused():
    right = target_of()
    geometry = dataclasses.replace(right.tables.geometry, rows=64)
    other = type(right).of(dataclasses.replace(right.tables, geometry=geometry), origin="other")
    device = device_of(right)
    with pytest.raises(DeviceError, match=r"another geometry than other .*rows is 32, not 64"):
        device.check(other)


def test_another_engine_is_refused():
    with pytest.raises(DeviceError, match=r"another engine .*capabilities.argmax is 1, not 0"):
        device_of(target_of(argmax=True)).check(target_of())
    with pytest.raises(DeviceError, match=r"capabilities.tiles is 2, not 1"):
        device_of(target_of(tiles=2)).check(target_of())


def test_nothing_loaded_is_said():
    target = target_of(loadable=True)
    with pytest.raises(DeviceError, match="holds no tables: load them first"):
        device_of(target).check(target)
    with pytest.raises(DeviceError, match="baked into the device"):
        device_of(target_of()).load(target_of())


def test_refused_load_says_why():
    target = target_of(loadable=True)
    device = device_of(target)
    image = bytearray(target.load_image)
    for at, code in ((0, Error.LOAD_MAGIC), (4, Error.LOAD_VERSION), (8, Error.LOAD_SHAPE)):
        damaged = bytes(image[:at]) + b"\xff" + bytes(image[at + 1 :])
        _replace(target, damaged)
        with pytest.raises(DeviceError, match=f"refuses the tables after .*{code.name}"):
            device.load(target)
    _replace(target, bytes(image[:-1]) + bytes([image[-1] ^ 1]))
    with pytest.raises(DeviceError, match="LOAD_CRC"):
        device.load(target)
    _replace(target, bytes(image[:-4]))
    with pytest.raises(DeviceError, match="and waits for more"):
        device.load(target)
    _replace(target, bytes(image))
    device.load(target)
    device.check(target)


def _replace(target, image):
    target.__dict__["load_image"] = image  # a cached property


def test_read_back():
    target = target_of()
    device = device_of(target)
    _, words = target.program.memories["step"]
    crc, word = device.read_back(memory=0, first=1, parts=2)
    assert word == words[2]
    assert crc != 0
    with pytest.raises(DeviceError, match="memory 99 cannot be read back: READ_BACK"):
        device.read_back(memory=99, first=0, parts=1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([1, 2, 3, 0x8000_0004, 5], "more results than the 4 of 1 images"),
        ([1, 2, 0x8000_0003, 4], "image 0 do not end where they should"),
        ([1, 2, 3, 4], "image 0 do not end where they should"),
        ([1, 0x0001_0002, 3, 0x8000_0004], "image 0 do not end where they should"),
    ],
)
def test_results_that_make_no_sense(words, message):
    target = target_of()
    hardware = virtual(target)
    device = device_of(target, line=VirtualLine(hardware))
    device.engine.write("control", reset=1)
    image = images_of(target, 1)
    advance, given = hardware.engine.advance, []

    def forge(now):
        if hardware.engine.waiting and not given:
            given.append(1)
            hardware.engine.waiting.clear()
            hardware.engine.results.extend(words)
        advance(now)

    hardware.engine.advance = forge
    with pytest.raises(DeviceError, match=message):
        infer(device, target, image)
    hardware.engine.advance = advance
    assert (infer(device, target, image).values == golden(target, image)).all()


def test_engine_that_stands_still_is_said():
    target = target_of()
    hardware = virtual(target)
    device = device_of(target, line=VirtualLine(hardware))
    hardware.engine.advance = lambda now: None
    with pytest.raises(DeviceError, match="stands still after 0 of 2 images, in step input"):
        infer(device, target, images_of(target, 2), seconds=0.5)


def test_wrong_images():
    target = target_of()
    device = device_of(target)
    with pytest.raises(TypeError, match="images must be integers, not float64"):
        infer(device, target, images_of(target, 1) / 2)
    with pytest.raises(ValueError, match=r"images must have a shape \(n, \*\(3, 7, 7\)\)"):
        infer(device, target, images_of(target, 1)[:, :2])
    with pytest.raises(ValueError, match="codes of images must be 0 to 255"):
        infer(device, target, images_of(target, 1) - 1000)


def test_small_buffers_do_as_well():
    shape = dataclasses.replace(SHAPE, payload_max=64, image_bytes=64, results=16)
    target = target_of()
    device = device_of(target, shape)
    images = images_of(target, 12)
    assert (infer(device, target, images).values == golden(target, images)).all()
    assert (measure(device, target, images[:2])[0].values == golden(target, images[:2])).all()


def test_counters_are_latched_together():
    target = target_of()
    device = device_of(target)
    infer(device, target, images_of(target, 1))
    seen = device.counters()
    used = seen["planes"] + sum(seen[f"idle_{cause}"] for cause in IDLE_CAUSES)
    assert used == seen["cycles"]
    assert device.link_counters()["frames"] > 10
