"""Every configuration of ``examples/own`` runs; the multilayer perceptron through the RTL."""

import shutil
import sys
import warnings
from pathlib import Path

import pytest

from flow import cli
from flow.report_file import read_report
from sw.user_module import user_factory

OWN = Path(__file__).resolve().parents[2] / "examples" / "own"
SHORT = (
    *("train.epochs=1", "prune.finetune_epochs=1", "prune.finetune_images=200"),
    "cosim.images=1",
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run an example in a copy of its directory."""
    shutil.copytree(OWN, tmp_path / "own", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path / "own")

    def run_example(name, *options, short=SHORT):
        words = ["run", f"{name}.yaml", "-o", "../run", *options]
        for override in short:
            words += ["--set", override]
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        return ended.value.code

    return run_example


@pytest.mark.parametrize("name", sorted({path.stem for path in OWN.glob("*.yaml")} - {"onnx"}))
def test_example(run, tmp_path, name):
    assert run(name, "--until", "map") == 0
    assert (tmp_path / "run" / "map" / "tables" / "manifest.json").is_file()


def test_onnx_example(run, tmp_path, monkeypatch):
    """What export.py writes has the layers of the network that it is of."""
    monkeypatch.setattr(sys, "path", [str(Path.cwd()), *sys.path])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        user_factory("export.py:export").call(
            random_seed=0, name="residual", path=Path("residual.onnx")
        )
    assert run("onnx", "--until", "map") == 0


@pytest.mark.cosim
def test_perceptron_in_rtl(run, tmp_path):
    """Signed inputs of a stated range, fully connected layers alone, another real data set."""
    assert run("perceptron", short=("cosim.images=2", "cosim.network_images=0")) == 0
    report = read_report(tmp_path / "run" / "report.json")
    assert report["totals"]["mismatches"] == 0
    assert report["totals"]["outputs_compared"] > 0
    assert report["accuracy"]["golden"] == report["accuracy"]["pruned"] > 0.9
