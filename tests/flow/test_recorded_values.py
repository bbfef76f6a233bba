"""Values by dotted path become sections."""

from flow.configuration import Configuration
from flow.recorded_values import recorded_values
from flow.stages import STAGES


def test_nested():
    values = {"b.y": 2, "a": 1, "b.x.z": 3}
    assert recorded_values(values) == {"a": 1, "b": {"y": 2, "x": {"z": 3}}}


def test_section_and_its_fields():
    """A section that is known whole is not lost to a field of it."""
    values = {"hardware.tiles": 4, "hardware": {"tiles": 4, "argmax": False}}
    assert recorded_values(values) == {"hardware": {"tiles": 4, "argmax": False}}


def test_section_that_is_not_there():
    values = {"search.agent": None, "search.noise": None, "seed": 0, "data": {"path": None, "n": 0}}
    assert recorded_values(values) == {"seed": 0, "data": {"path": None, "n": 0}}


def test_stages_read_the_whole_configuration():
    """So that it can be put together from their records, but for what decides nothing."""
    configuration = Configuration(search={}, hardware={"tiles": 2})
    values = {path: configuration.at(path) for stage in STAGES for path in stage.reads}
    nested = recorded_values(values)
    expected = configuration.model_dump()
    for section, names in (("search", ("executor", "ray_address")), ("hardware", ("target",))):
        for name in names:
            del expected[section][name]
    assert nested == expected
