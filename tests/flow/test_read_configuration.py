"""A configuration is read as it stands, and a mistake is named with its place."""

from pathlib import Path

import pytest

from arch.errors import InputError
from arch.geometry import Geometry
from flow.configuration import Configuration
from flow.read_configuration import read_configuration

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "digits.yaml"


def cases(name):
    """Pairs of what is written and what is said, from a file of blocks between empty lines."""
    blocks = (Path(__file__).parent / name).read_text().strip().split("\n\n")
    return [tuple(part.strip() for part in block.split("\n=> ")) for block in blocks]


@pytest.fixture
def read(tmp_path):
    def read_text(text, *overrides):
        path = tmp_path / "c.yaml"
        path.write_text(text)
        return read_configuration(path, overrides)

    return read_text


@pytest.fixture
def problem(read, tmp_path):
    def problem_of(text, *overrides):
        with pytest.raises(InputError) as caught:
            read(text, *overrides)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(f"{tmp_path}/", "")

    return problem_of


def test_example_states_the_defaults():
    """But for the whole network, which takes a build of its own."""
    example = read_configuration(EXAMPLE)
    assert example.cosim.network_images == 100
    assert example.model_copy(update={"cosim": Configuration().cosim}) == Configuration()
    assert example.cosim.model_copy(update={"network_images": 0}) == Configuration().cosim


def test_example_with_a_search():
    """The defaults but for the search, which a job does without unless it asks for one."""
    example = read_configuration(EXAMPLE.with_name("digits_search.yaml"))
    assert example.search.agent == "ddpg"
    defaults = Configuration(name="digits_search")
    assert example.model_copy(update={"search": None}) == defaults


def test_geometry_takes_the_widths(read):
    configuration = read("quantise: {weight_bits: 4, act_bits: 6}\ngeometry: {ou_cols: 4}")
    assert configuration.crossbar_geometry() == Geometry(weight_bits=4, act_bits=6, ou_cols=4)


def test_at(read):
    configuration = read("prune: {ratio: {a: 0.5}}\nsearch: {agent: none}")
    assert configuration.at("prune.ratio") == {"a": 0.5}
    assert configuration.at("search.agent") == "none"
    assert configuration.at("seed") == 0


@pytest.mark.parametrize(("text", "message"), cases("configuration_mistakes.txt"))
def test_mistakes(problem, text, message):
    assert problem(text) == message


def test_overrides(read):
    configuration = read(
        "seed: 1\nprune: {ratio: 0.5}",
        "seed=3",
        "train.epochs=4",
        "prune.ratio={a: 0.25}",
        "train.epochs=5",
    )
    assert (configuration.seed, configuration.train.epochs) == (3, 5)
    assert configuration.prune.ratio == {"a": 0.25}


@pytest.mark.parametrize(("override", "message"), cases("override_mistakes.txt"))
def test_wrong_overrides(problem, override, message):
    assert problem("seed: 1", override) == message


@pytest.mark.parametrize("field", ["rows", "cols", "cell_bits", "ou_rows", "ou_cols", "adc_bits"])
def test_ranges_are_those_of_the_contract(read, field):
    """What the section accepts at its ends, ``arch`` accepts, and nothing beyond."""
    info = Configuration.model_fields["geometry"].annotation.model_fields[field]
    low, high = (getattr(rule, end) for rule, end in zip(info.metadata, ("ge", "le"), strict=True))
    wide = {"rows": 4096, "cols": 4096, "ou_rows": 1, "ou_cols": 64, "cell_bits": 8}
    for value in (low, high):
        narrow = {"ou_cols": 1} if field == "cols" else {}
        Geometry(**{**wide, **narrow, field: value})
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=rf"geometry\.{field} must be {low} to {high}"):
            Geometry(**{**wide, field: value})
