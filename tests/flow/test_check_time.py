"""What a search computes; how fast the machine is, is measured and not asserted."""

import pytest

from flow import check_time
from flow.check_time import ASSUMED_IMAGES, Speed, Work, measure_speed, search_time
from flow.configuration import Configuration

SPEED = Speed(macs=1e9, overhead=1e-3)


@pytest.fixture(autouse=True)
def speed(monkeypatch):
    monkeypatch.setattr(check_time, "measure_speed", lambda device, precision: SPEED)


def configuration(**search):
    return Configuration(
        data={"kind": "folder", "path": "x", "train_limit": 1000},
        train={"batch_size": 10},
        prune={"finetune_epochs": 2},
        search={
            "episodes": 7,
            "finetune_epochs": 3,
            "finetune_images": 95,
            "finetune_batch_size": 20,
            "calibration_images": 50,
            "validation_images": 200,
            "finalists": 4,
            "recovery": 1.0,
            **search,
        },
    )


def test_work():
    found = search_time(configuration(), macs=1000, operations=5)
    validation = ASSUMED_IMAGES[1]
    short = Work(images=3 * (3 * 95) + 50 + 200, steps=3 * 5)
    whole = Work(images=2 * (3 * 1000) + 1000 + validation, steps=2 * 100)
    assert found.work == short * 7 + whole * 4
    assert found.assumed
    assert found.seconds == pytest.approx(found.work.images * 1e-6 + found.work.steps * 5e-3)


def test_recovery_is_measured_on_so_many_more():
    known = search_time(configuration(), macs=1000, operations=5).work
    measured = search_time(configuration(recovery=None, recovery_trials=1), macs=1, operations=1)
    seven = search_time(configuration(episodes=8, finalists=5), macs=1, operations=1)
    assert measured.work == seven.work != known


def test_no_search():
    assert search_time(Configuration(), macs=1, operations=1) is None
    nobody = configuration(agent="none")
    assert search_time(nobody, macs=1, operations=1) is None


def test_images_that_come_with_the_product_are_counted():
    found = search_time(Configuration(search={}), macs=1, operations=1)
    assert not found.assumed


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_speed(precision, monkeypatch):
    monkeypatch.undo()
    found = measure_speed("cpu", precision)
    assert found.macs > 1e6
    assert 0 < found.overhead < 1
