"""One job for each way in which the hardware can be built; a case that is wrong is told."""

import pytest

from arch.errors import CheckFailed, InputError
from flow import cli, network_sweep
from flow.configuration import Configuration
from flow.network_sweep import PARAMETERS, sweep_network, with_values
from flow.read_configuration import read_configuration
from flow.swept_case import judge_cases
from tests.flow.small_job import write_images

CONFIGURATION = """\
name: small
model: {name: digits_cnn}
data: {kind: npz, path: data.npz, validation_share: 0.2, test_share: 0.2}
train: {epochs: 1, batch_size: 16, variations: none}
prune: {ratio: 0.8, finetune_epochs: 0}
cosim: {images: 1, positions: 2, network_images: 1, stall: none}
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "data.npz")
    (tmp_path / "small.yaml").write_text(CONFIGURATION)
    return read_configuration(tmp_path / "small.yaml")


def test_values_are_those_of_the_fields():
    for path, values in PARAMETERS.items():
        assert Configuration().at(path) in values
        for value in values:
            assert with_values(Configuration(), {path: value}).at(path) == value


def test_a_wrong_case_does_not_end_the_sweep(small, tmp_path, monkeypatch):
    def prove(configuration, output, number, trained):
        assert (trained.path / "train").is_dir()
        if configuration.hardware.skip_zero_planes:
            raise CheckFailed("conv1: it is wrong")
        network = {
            "images_match": 1, "images": 1, "outputs_compared": 8, "cycles_mean": 99.0,
            "ou_issue_utilisation": 0.5,
        }  # fmt: skip
        return {"network": network, "layers": {"conv1": {"outputs_compared": 5}}}

    monkeypatch.setattr(network_sweep, "_prove", prove)
    said = []
    cases = sweep_network(small, tmp_path / "sweep", strength=1, say=said.append)
    assert {bool(case.problems): case.outputs_compared for case in cases} == {True: None, False: 5}
    with pytest.raises(CheckFailed, match=r"^case \d+: conv1: it is wrong"):
        judge_cases(cases)
    assert any("skip_zero_planes true" in line and "it is wrong" in line for line in said)
    assert any("skip_zero_planes false" in line and "1 of 1 images" in line for line in said)


def test_without_images_nothing_would_be_proven(small, tmp_path):
    with pytest.raises(InputError, match=r"^cosim\.network_images must be at least 1"):
        sweep_network(
            with_values(small, {"cosim.network_images": 0}),
            tmp_path / "sweep",
            strength=1,
            say=print,
        )
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strength", "99"), "--strength must be at most 11, not 99"),
        (("small.yaml", "--strength", "99"), "--strength must be at most 8, not 99"),
        (("--set", "seed=1"), "--set goes with CONFIG only"),
        (("small.yaml", "--seed", "0"), "--seed goes without CONFIG only"),
    ],
)
def test_wrong_options(small, capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        cli.main(["sweep", "-o", "sweep", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"ohmforge: {message}\n"


@pytest.mark.cosim
def test_exact(small, tmp_path, monkeypatch):
    case = {"prune.scheme": ("row_vector",), "hardware.skip_zero_planes": (True,)}
    monkeypatch.setattr(network_sweep, "PARAMETERS", case)
    said = []
    (swept,) = sweep_network(small, tmp_path / "sweep", strength=2, say=said.append)
    (line,) = said
    assert line.startswith(
        "case 1 of 1 (prune.scheme row_vector, hardware.skip_zero_planes true): 1 of 1 images, "
    )
    assert swept.problems == ()
    assert swept.outputs_compared > 0
