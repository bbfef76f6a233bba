"""The stages are declared as they are."""

import inspect

import pytest

from flow.configuration import Configuration
from flow.content_hash import hash_code
from flow.stages import STAGES


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_declaration(stage):
    before = [other.name for other in STAGES[: STAGES.index(stage)]]
    with_details = [f"{other.name}.details" for other in STAGES if other.details]
    assert set(stage.needs) <= {*before, *with_details}
    assert {need.partition(".")[0] for need in stage.needs} <= set(before)
    for path in (*stage.reads, *stage.opens):
        Configuration().at(path)
    # A path that changes, changes the section that it stands in.
    assert {path.split(".")[0] for path in stage.opens} <= set(stage.reads)
    assert len(hash_code((*stage.rooms, stage.module), stage.distributions)) == 64
    module = stage.load()
    assert list(inspect.signature(module.run).parameters) == ["context"]
    assert hasattr(module, "check") == stage.judged


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_input_is_declared(stage):
    """A stage whose code speaks of ``inputs["x"]`` needs ``x``; it reads no other section."""
    source = inspect.getsource(stage.load())
    names = [other.name for other in STAGES]
    used = {name for name in names if f'inputs["{name}"]' in source or f'"{name}", None' in source}
    assert used <= set(stage.needs)
    sections = {path.split(".")[0] for path in stage.reads}
    for name in Configuration.model_fields:
        if f"configuration.{name}" in source:
            assert name in sections


def test_outputs_do_not_collide():
    outputs = [name for stage in STAGES for name in (stage.output, stage.details) if name]
    assert len(set(outputs)) == len(outputs)
    assert len({stage.name for stage in STAGES}) == len(STAGES)
