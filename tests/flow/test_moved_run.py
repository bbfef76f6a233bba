"""A run directory elsewhere: copied with its data under other names, and read-only."""

import shutil

from flow.content_hash import hash_files

DONE = ("train", "search", "prune", "quantise", "map", "verilog")


def events(err):
    return [tuple(line.split(maxsplit=1)) for line in err.splitlines()]


def test_elsewhere(place, command, monkeypatch):
    """Nothing is done again for the sake of a path, but for the content of a file it is."""
    status, _, err = command("run", "small.yaml", "-o", "run", "--until", "verilog")
    assert status == 0, err
    there = place / "other machine" / "deep"
    there.mkdir(parents=True)
    shutil.copytree(place / "run", there / "moved")
    shutil.copy(place / "data.npz", there / "renamed.npz")
    shutil.copy(place / "small.yaml", there / "job.yaml")
    shutil.rmtree(place / "run")
    (place / "data.npz").unlink()
    monkeypatch.chdir(there)
    words = ("run", "job.yaml", "-o", "moved", "--until", "verilog")
    status, out, err = command(*words, "--set", "data.path=renamed.npz")
    assert (status, out) == (0, "")
    assert events(err) == [(name, "up to date") for name in DONE]
    absolute = f"data.path={there / 'renamed.npz'}"
    assert events(command(*words, "--set", absolute)[2]) == [(name, "up to date") for name in DONE]
    shutil.copytree(there / "moved", there / "fixed")
    read_only(there / "fixed")
    before = hash_files(there / "fixed")
    assert command("validate", "fixed")[0] == 0
    status, out, err = command("explain", "fixed", "--layer", "conv1", "--row", 0, "--col", 0)
    assert (status, err) == (0, "")
    assert "its norm" in out
    assert hash_files(there / "fixed") == before
    with (there / "renamed.npz").open("ab") as file:
        file.write(b" ")
    status, _, err = command(*words, "--set", "data.path=renamed.npz", "--until", "train")
    assert events(err)[0] == ("train", "starts: data.path changed")


def test_page_that_cannot_be_written(place, command, monkeypatch):
    """The tables of a run are printed all the same, with a line that says so."""
    status, _, err = command("run", "small.yaml", "-o", "run", "--until", "map")
    assert status == 0, err

    def refuse(path, run):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("flow.page.write_page", refuse)
    status, out, err = command("report", "run")
    assert status == 0
    assert err == "run/report.html: not written: Read-only file system\n"
    assert "not done" in out


def read_only(directory):
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
