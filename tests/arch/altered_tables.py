"""Alters tables on disk as a stranger would: from the documented format, with fresh hashes."""

import hashlib
import json

import numpy as np


def read_manifest(directory):
    return json.loads((directory / "manifest.json").read_text())


def write_manifest(directory, manifest):
    (directory / "manifest.json").write_text(json.dumps(manifest))


def refresh_hashes(directory):
    """Make every hash right again, after files or the manifest were altered."""
    manifest = read_manifest(directory)
    for layer in manifest["layers"]:
        file = directory / layer["file"]
        if file.is_file():
            layer["file_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest["sha256"] = hash_of_tables(manifest)
    write_manifest(directory, manifest)


def hash_of_tables(manifest):
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def alter_arrays(directory, alter, *, layer=0, refresh=True):
    """Let ``alter`` change the arrays of a layer, by name, in place or by assignment."""
    file = directory / read_manifest(directory)["layers"][layer]["file"]
    with np.load(file, allow_pickle=False) as content:
        arrays = dict(content)
    alter(arrays)
    np.savez(file, **arrays)
    if refresh:
        refresh_hashes(directory)


def alter_manifest(directory, alter, *, refresh=True):
    """Let ``alter`` change the manifest in place."""
    manifest = read_manifest(directory)
    alter(manifest)
    write_manifest(directory, manifest)
    if refresh:
        refresh_hashes(directory)
