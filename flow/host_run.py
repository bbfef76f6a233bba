"""What a run directory has for the host: tables, images, and the engines that belong to it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arch.errors import InputError
from arch.known_images import NO_CLASS, read_known_images
from arch.network_shape import NetworkShape
from arch.shape_record import shape_from_record, shape_identity
from arch.table_files import load
from arch.tables import MappingTables
from flow.json_file import read_json
from flow.tables_path import tables_of
from host.device import Identity
from host.errors import DeviceError
from host.target import Target

__all__ = ["GOLDEN", "Engine", "HostRun", "KnownImages"]

GOLDEN = "golden"
"""The port that is no port: the device in Python."""
NAMES = "names.json"
_IMAGES = Path("quantise", "images.npz")
_RANDOM_IMAGES = 100
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that was made from a run directory.

    Parameters
    ----------
    path : Path
        Its ``names.json``.
    shape : NetworkShape or None
        What it is built as, if it loads its tables.
    macro_latency : int or None
        Of its crossbar macro, if it has one.
    capabilities : dict of str to int
        Those that decide on the program, as the register of this name has them.
    """

    path: Path
    shape: NetworkShape | None
    macro_latency: int | None
    capabilities: dict[str, int]

    @classmethod
    def read(cls, path: Path) -> "Engine":
        """The engine that a ``names.json`` describes; raises InputError if it is none."""
        names = read_json(path)
        if not isinstance(names, dict) or "memories" not in names:
            raise InputError(f"{path}: is not names.json of an engine")
        macro = names.get("macro")
        latency = macro.get("latency") if isinstance(macro, dict) else None
        if latency is not None and not (isinstance(latency, int) and 0 < latency < 1 << 16):
            raise InputError(f"{path}: the latency of the macro is damaged")
        shape = None
        if names.get("load_image") and "shape" in names:
            shape = shape_from_record(names["shape"], origin=str(path))
        capabilities = {
            "skip_zero_planes": int(names.get("skip_zero_planes") is True),
            "argmax": int(names.get("argmax") is True),
            "macro": int(latency is not None),
            "loadable": int(shape is not None),
        }
        return cls(path=path, shape=shape, macro_latency=latency, capabilities=capabilities)


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownImages:
    """Images to try a device with.

    Parameters
    ----------
    codes : int64 array, shape (n, C, H, W)
        As the first layer reads them.
    labels : int64 array, shape (n,), or None
        Classes; None if nobody knows, or the host computes them of the results.
    origin : str
        Where they are from.
    """

    codes: np.ndarray
    labels: np.ndarray | None
    origin: str


@dataclass(frozen=True, kw_only=True)
class HostRun:
    """A run directory, as the host sees it.

    Parameters
    ----------
    path : Path
        The directory.
    tables : MappingTables
        Its mapping tables.
    engines : tuple of Engine
        What was made from it, or the one that was named.
    """

    path: Path
    tables: MappingTables
    engines: tuple[Engine, ...]

    @classmethod
    def open(cls, path: Path, names: Path | None = None) -> "HostRun":
        """The run directory, or a directory of tables.

        Parameters
        ----------
        names : Path, optional
            ``names.json`` of the engine in the device, if it was made from another run.
        """
        if names is not None:
            files = [names]
        else:
            files = [path / "device" / NAMES, *sorted(path.glob(f"fpga/*/{NAMES}"))]
            files.append(path / "verilog" / "network" / NAMES)
            files = [file for file in files if file.is_file()]
        engines = tuple(Engine.read(file) for file in files)
        return cls(path=path, tables=load(tables_of(path)), engines=engines)

    @property
    def model(self) -> Target:
        """The target for a device in Python: the first of the engines, or a plain one."""
        if not self.engines:
            return Target.of(self.tables, origin=str(self.path))
        engine = self.engines[0]
        return Target.of(
            self.tables,
            capabilities=engine.capabilities,
            shape=engine.shape,
            macro_latency=engine.macro_latency,
            origin=str(self.path),
        )

    def target(self, identity: Identity) -> Target:
        """The target for the device that says so of itself.

        Raises
        ------
        :exc:`host.errors.DeviceError`
            If the engine loads its tables, and none of the engines at hand is that one.
        """
        seen = identity.engine["shape"]["value"]
        shape = None
        if identity.loadable:
            shapes = [engine.shape for engine in self.engines if engine.shape is not None]
            shape = next((each for each in shapes if shape_identity(each) == seen), None)
        latencies = [e.macro_latency for e in self.engines if e.macro_latency is not None]
        target = Target.of(
            self.tables,
            capabilities=identity.engine["capabilities"],
            shape=shape,
            macro_latency=latencies[0] if latencies else None,
            origin=str(self.path),
        )
        if identity.loadable and shape is None:
            target.check(identity.engine | {"shape": target.identity["shape"]})
            if target.identity["shape"]["value"] != seen:
                raise DeviceError(
                    f"the device is an engine (shape {seen:08x}) of which {self.path} knows "
                    "nothing: name its names.json with --names"
                )
        return target

    def images(self, target: Target) -> KnownImages:
        """The first images of the test split, or random ones if the run has none."""
        forms = [form for step in target.program.steps[1:] for form in step.activations]
        signed = forms[0].signed
        path = self.path / _IMAGES
        if path.is_file():
            codes, labels = read_known_images(path, target.in_shape, signed=signed)
            known = None if (labels == NO_CLASS).any() else labels
            return KnownImages(codes=codes, labels=known, origin="the test split")
        rng = np.random.default_rng(_SEED)
        shape = (_RANDOM_IMAGES, *target.in_shape)
        codes = rng.integers(forms[0].minimum, forms[0].maximum + 1, shape, dtype=np.int64)
        return KnownImages(codes=codes, labels=None, origin=f"random, seed {_SEED}")
