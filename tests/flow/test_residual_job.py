"""A residual network on JPEG images, from given weights to the report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from flow.report_file import read_report
from flow.yaml_document import read_yaml
from sw.networks import build
from tests.sw.image_files import write_jpeg_npz

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = """\
name: tiny
model: {kind: builtin, name: resnet_tiny, weights: weights.safetensors}
data: {kind: jpeg-npz, path: train.npz, test_path: test.npz, mean: [0.5, 0.4, 0.3], std: [1, 1, 2]}
train: {epochs: 1, batch_size: 16, variations: crop_flip}
prune: {ratio: 0.3, finetune_epochs: 1}
hardware: {crossbar: macro, tables: loadable, capacity: {ous: 4000, elements: 9000}}
cosim: {images: 4, network_images: 2, positions: 5, stall: none}
"""


def images(count, seed):
    """Images whose colour tells their class."""
    labels = np.arange(count) % 3
    pixels = np.random.default_rng(seed).integers(0, 120, (count, 16, 16, 3))
    pixels[np.arange(count), :, :, labels] += 130
    return pixels.astype(np.uint8), labels


def ohmforge(directory, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "flow", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with data, weights and a run until its Verilog."""
    directory = tmp_path_factory.mktemp("tiny")
    write_jpeg_npz(directory / "train.npz", *images(90, 0))
    write_jpeg_npz(directory / "test.npz", *images(12, 1))
    state = build("resnet_tiny", in_shape=(3, 16, 16), classes=3, seed=5).state_dict()
    weights = {name: tensor.numpy() for name, tensor in state.items()}
    safetensors.numpy.save_file(weights, directory / "weights.safetensors")
    (directory / "tiny.yaml").write_text(CONFIGURATION)
    done = ohmforge(directory, "run", "tiny.yaml", "-o", "run", "--until", "verilog")
    assert done.returncode == 0, done.stderr
    return directory


def test_tables_hold_the_operations(place):
    done = ohmforge(place, "validate", "run")
    assert (done.returncode, done.stderr) == (0, "")
    manifest = json.loads((place / "run" / "map" / "tables" / "manifest.json").read_text())
    assert [operation["kind"] for operation in manifest["host"]] == [
        *("add", "shortcut", "add", "shortcut", "add", "average_pool")
    ]
    assert manifest["layers"][0]["activation"] == {"bits": 8, "signed": True, "zero_point": 0}


def test_load_image(place):
    """The file beside the Verilog, again; a network that does not fit gets one line."""
    network = place / "run" / "verilog" / "network"
    words = ("load-image", "run", "--for", network / "names.json", "-o", "again.bin")
    done = ohmforge(place, *words)
    assert done.returncode == 0, done.stderr
    again = place / "again.bin"
    assert again.read_bytes() == (network / "tables.bin").read_bytes()
    manifest = json.loads((place / "run" / "map" / "tables" / "manifest.json").read_text())
    said = f"again.bin: {again.stat().st_size // 4} words, tables {manifest['sha256']}"
    assert " ".join(done.stdout.split()) == said
    names = json.loads((network / "names.json").read_text())
    names["shape"]["steps"] = 12
    (place / "names.json").write_text(json.dumps(names))
    for path, message in (
        (place / "names.json", "the tables do not fit the engine: steps 15 needed, 12 there"),
        (place / "run" / "verilog" / "names.json", "is of an engine that loads no tables"),
        (place / "again.bin", "again.bin: is not JSON"),
        (place / "run" / "ohmforge.json", "ohmforge.json: is not names.json of an engine"),
    ):
        done = ohmforge(place, *words[:3], path, "-o", "none.bin")
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[-1]
    assert not (place / "none.bin").exists()


def test_other_data_at_the_same_path(place):
    """The content of a file decides, not its name."""
    words = ("run", "tiny.yaml", "-o", "run", "--until", "train")
    assert "train     up to date" in ohmforge(place, *words).stderr
    kept = (place / "test.npz").read_bytes()
    write_jpeg_npz(place / "test.npz", *images(12, 2))
    assert "data.test_path changed" in ohmforge(place, *words).stderr
    (place / "test.npz").write_bytes(kept)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.path=none.npz", "none.npz: cannot be read: No such file or directory"),
        ("data.mean=[0.5]", "data.mean and data.std must be lists of one length"),
        ("data.kind=npz", "train.npz: has no array images; found jpeg, offsets, labels, classes"),
        ("model.name=resnet20", "weights.safetensors: is of another network: "),
        ("model.weights=tiny.yaml", "tiny.yaml: is damaged, or not a safetensors file"),
    ],
)
def test_wrong_input(place, tmp_path, override, message):
    words = ("run", "tiny.yaml", "-o", tmp_path / "r", "--until", "train", "--set", override)
    done = ohmforge(place, *words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("ohmforge: ")
    assert message in done.stderr.splitlines()[-1]


@pytest.mark.cosim
def test_whole_job(place):
    done = ohmforge(place, "run", "tiny.yaml", "-o", "run")
    assert done.returncode == 0, done.stderr
    report = read_report(place / "run" / "report.json")
    assert len(report["layers"]) == 8
    for layer in report["layers"]:
        assert layer["mismatches"] == 0
        assert layer["cycles_rtl"] == layer["cycles_model"]
        # Two runs, one of them after a reset; the last layer has as many positions as images.
        positions = 4 if layer["name"] == "linear" else 5
        assert layer["outputs_compared"] == 2 * positions * layer["cols"]
    assert report["cosim"]["positions"] == 5
    assert report["cosim"]["images_match"] == 4
    assert report["hardware"] == {"crossbar": "macro", "macro_latency": 2}
    network = report["cosim"]["network"]
    assert (network["images_match"], network["mismatches"]) == (2, 0)
    assert network["cycles_rtl"] == network["cycles_model"]
    assert (place / "run" / "verilog" / "network" / "crossbar_macro.v").exists()
    assert report["images"] == {"train": 76, "validation": 14, "test": 12}
    assert report["accuracy"]["golden"] == report["accuracy"]["pruned"] > 0.5


def test_example_is_right(tmp_path):
    """The example's paths are a user's, so it is read and not run."""
    path = ROOT / "examples" / "resnet20_cifar10.yaml"
    assert read_yaml(path).data["cosim"]["positions"] >= 20
    missing = ohmforge(ROOT, "run", path, "-o", tmp_path / "run", "--set", "data.path=/none")
    assert missing.returncode == 2
    assert "/none: cannot be read" in missing.stderr
