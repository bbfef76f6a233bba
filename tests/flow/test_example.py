"""The example runs as a user runs it, on a machine like the user's: the whole product, once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flow.content_hash import hash_files
from flow.read_configuration import read_configuration
from flow.report_file import read_report

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "digits.yaml"
SHORT = ("--set", "train.epochs=4", "--set", "prune.finetune_epochs=2")


def ohmforge(*arguments, cwd=None, **variables):
    """The command in a process of its own, as a user starts it."""
    return subprocess.run(
        [sys.executable, "-m", "flow", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A run until its Verilog."""
    directory = tmp_path_factory.mktemp("mapped") / "run"
    done = ohmforge(
        "run", EXAMPLE, "-o", directory, "--until", "verilog", *SHORT, PYTHONHASHSEED="1"
    )
    assert done.returncode == 0, done.stderr
    return directory


def test_same_bytes_anywhere(mapped, tmp_path):
    """Another directory, other hash seeds, another working directory: the same files."""
    other = tmp_path / "a place with spaces"
    done = ohmforge("run", EXAMPLE, "-o", other, "--until", "verilog", *SHORT, PYTHONHASHSEED="2")
    assert done.returncode == 0, done.stderr
    for name in ("train", "policy.yaml", "prune", "quantise", "map", "verilog"):
        assert hash_files(other / name) == hash_files(mapped / name), name
        assert hash_files(other / name)


def test_generated_files_name_no_place_and_no_time(mapped):
    for path in (mapped / "verilog").rglob("*.*"):
        text = path.read_text()
        assert str(mapped.parent) not in text
        assert str(ROOT) not in text


def test_validate_and_explain(mapped):
    done = ohmforge("validate", mapped)
    assert (done.returncode, done.stderr) == (0, "")
    assert "each stored once" in done.stdout
    assert ohmforge("validate", mapped / "map" / "tables").stdout == done.stdout
    done = ohmforge("explain", mapped, "--layer", "conv2", "--row", 3, "--col", 4)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("weight (3, 4) of layer conv2 is ")
    done = ohmforge("explain", mapped, "--layer", "conv7", "--row", 3, "--col", 4)
    assert done.returncode == 2
    assert done.stderr == "ohmforge: no layer 'conv7'; the layers are conv1, conv2, conv3, fc\n"


def test_unknown_layer_in_the_configuration(tmp_path):
    done = ohmforge("run", EXAMPLE, "-o", tmp_path / "run", "--set", "prune.ratio={conv7: 0.5}",
                    "--until", "search", "--set", "train.epochs=1")  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "ohmforge: prune.ratio: no layer 'conv7' to prune; the layers are conv1, conv2, conv3, fc"
    )


@pytest.mark.cosim
def test_whole_job(mapped, tmp_path):
    """From here to the report: everything equal, and every file where the documentation says."""
    few = ("--set", "cosim.images=2", "--set", "cosim.network_images=3")
    words = ("run", EXAMPLE, "-o", mapped.name, *SHORT, *few)
    done = ohmforge(*words, cwd=mapped.parent)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("up to date") == 6
    assert "fc" in done.stdout
    report = read_report(mapped / "report.json")
    assert [layer["name"] for layer in report["layers"]] == ["conv1", "conv2", "conv3", "fc"]
    for layer in report["layers"]:
        assert layer["mismatches"] == 0
        assert layer["cycles_rtl"] == layer["cycles_model"] > 0
        assert layer["outputs_compared"] > 0
    assert report["cosim"]["images_match"] == report["cosim"]["images"] == 2
    network = report["cosim"]["network"]
    assert network["images_match"] == network["images"] == 3
    assert network["cycles_rtl"] == network["cycles_model"]
    assert [step["name"] for step in network["steps"]] == ["input", "conv1", "conv2", "conv3", "fc"]
    assert all(step["cycles_rtl"] == step["cycles_model"] for step in network["steps"])
    counters = network["counters"]
    assert all(count["rtl"] == count["model"] for count in counters.values())
    assert counters["cycles"]["rtl"] == network["cycles_rtl"]
    assert counters["planes"]["rtl"] == sum(step["planes"] for step in network["steps"])
    taken = report["image_cycles"]
    assert (taken["pruned"]["images"], taken["pruned"]["measured"]) == (3, True)
    assert taken["pruned"]["cycles"] == taken["pruned"]["most"] == network["cycles_rtl"]
    assert taken["skipping"]["most"] < taken["pruned"]["fewest"] < taken["dense"]["fewest"]
    assert taken["skipping"]["fewest"] < taken["skipping"]["most"]
    assert not taken["skipping"]["measured"]
    assert (mapped / "cosim" / "network" / "results.xml").is_file()
    # The ADC of the example is lossless.
    assert report["accuracy"]["golden"] == report["accuracy"]["pruned"] > 0.5
    manifest = json.loads((mapped / "map" / "tables" / "manifest.json").read_text())
    assert report["hashes"]["tables"] == manifest["sha256"]
    assert (mapped / "cosim" / "results.xml").is_file()
    again = ohmforge(*words, cwd=mapped.parent)
    assert again.returncode == 0
    assert again.stderr.count("up to date") == 8
    assert again.stdout == done.stdout
    page = (mapped / "report.html").read_bytes()
    assert b"every layer takes the cycles of the formula" in page
    assert report["image_steps"]["image"] == 2
    steps = report["image_steps"]["steps"]
    assert sum(step["cycles"] for step in steps) == network["cycles_rtl"]
    for cause in ("steps", "load", "window", "input", "output"):
        idle = sum(step["idle"].get(cause, 0) for step in steps)
        assert idle == counters[f"idle_{cause}"]["rtl"]
    (mapped / "report.html").unlink()
    assert ohmforge("report", mapped.name, cwd=mapped.parent).stdout == done.stdout
    assert (mapped / "report.html").read_bytes() == page
    # Elsewhere nothing is done again, and every command finds what it needs.
    moved = tmp_path / "elsewhere"
    shutil.copytree(mapped, moved)
    again = ohmforge("run", EXAMPLE, "-o", moved.name, *SHORT, *few, cwd=tmp_path)
    assert (again.returncode, again.stderr.count("up to date")) == (0, 8)
    assert again.stdout.replace(moved.name, mapped.name) == done.stdout
    assert ohmforge("diff", mapped, moved, "--exit-code").returncode == 0
    explained = json.loads(ohmforge("explain", moved, "--cycle", 1, "--json").stdout)
    assert explained["total"] == network["cycles_rtl"]


def test_search_example(tmp_path):
    """A short search leaves a policy, its log and its plots, and says what it found."""
    done = ohmforge(
        "run", EXAMPLE.with_name("digits_search.yaml"), "-o", tmp_path / "run", *SHORT,
        "--set", "search.episodes=6", "--set", "search.warmup_episodes=3",
        "--set", "search.max_accuracy_drop=30", "--until", "prune",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "policy.yaml").is_file()
    details = tmp_path / "run" / "search"
    assert {path.suffix for path in details.iterdir()} == {
        ".json", ".jsonl", ".png", ".safetensors",
    }  # fmt: skip


@pytest.mark.cosim
def test_pooling_example(tmp_path):
    """Pooling with kernels and planes skipped, image by image; only classes leave the engine."""
    few = {"train.epochs": 4, "prune.finetune_epochs": 1, "cosim.images": 1, "cosim.positions": 2}
    few |= {"cosim.network_images": 2, "cosim.stall": "none"}
    few |= {"hardware.argmax": "true", "hardware.skip_zero_planes": "true"}
    changes = [word for name, value in few.items() for word in ("--set", f"{name}={value}")]
    done = ohmforge("run", EXAMPLE.with_name("lenet5.yaml"), "-o", tmp_path / "run", *changes)
    assert done.returncode == 0, done.stderr
    report = read_report(tmp_path / "run" / "report.json")
    network = report["cosim"]["network"]
    assert network["images_match"] == network["images"] == 2
    assert [step["name"] for step in network["steps"]] == [
        *("input", "conv1", "pool1_max_pool", "conv2", "pool2_average_pool"),
        *("fc1", "fc2", "fc3"),
    ]
    assert all(count["rtl"] == count["model"] for count in network["counters"].values())
    assert network["counters"]["planes_skipped"]["rtl"] > 0
    taken = report["image_cycles"]["skipping"]
    assert (taken["images"], taken["measured"]) == (2, True)
    manifest = json.loads((tmp_path / "run" / "map" / "tables" / "manifest.json").read_text())
    assert [operation["kernel"] for operation in manifest["host"]] == [[3, 3], [2, 2]]
    assert [operation.get("padding") for operation in manifest["host"]] == [[1, 1], None]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLE.parent.glob("*.yaml")))
def test_every_example_can_be_read(name):
    read_configuration(EXAMPLE.with_name(name))
