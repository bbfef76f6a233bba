"""What a run directory has for the host: tables, images, and the engines that belong to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arch.known_images import NO_CLASS, read_known_images
from arch.link_shape import LinkShape
from arch.shape_record import shape_identity
from arch.table_files import load
from arch.tables import MappingTables
from flow.host_engine import Engine
from flow.tables_path import tables_of
from host.device import Identity
from host.errors import DeviceError
from host.target import Target, built_as

__all__ = ["GOLDEN", "HostRun", "KnownImages"]

GOLDEN = "golden"
"""The port that is no port: the device in Python."""
_NAMES = "names.json"
_IMAGES = Path("quantise", "images.npz")
_RANDOM_IMAGES = 100
_SEED = 1


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
            files: Sequence[Path] = [names]
        else:
            files = [
                path / "device" / _NAMES,
                *sorted(path.glob(f"fpga/*/{_NAMES}")),
                path / "verilog" / "network" / _NAMES,
            ]
            files = [file for file in files if file.is_file()]
        engines = tuple(Engine.read(file) for file in files)
        return cls(path=path, tables=load(tables_of(path)), engines=engines)

    def links(self, *, simulated: bool) -> list[LinkShape]:
        """The links of the engines that can be at the other end: simulated, or on a board.

        If none is of that kind, those of all engines.
        """
        linked = [(engine, engine.link) for engine in self.engines if engine.link is not None]
        right = [link for engine, link in linked if engine.on_board != simulated]
        return right or [link for _, link in linked]

    @property
    def model(self) -> Target:
        """The target for a device in Python: the first of the engines, or a plain one."""
        if not self.engines:
            return Target.of(self.tables, origin=str(self.path))
        engine = self.engines[0]
        return self._target(engine)

    def target(self, identity: Identity) -> Target:
        """The target for the device that says so of itself.

        Raises
        ------
        :exc:`host.errors.DeviceError`
            If the engine loads its tables, and none of the engines at hand is that one.
        """
        engine = self._engine(identity)
        if engine is not None:
            return self._target(engine)
        target = Target.of(
            self.tables,
            built_as=built_as(identity.engine["capabilities"]),
            origin=str(self.path),
        )
        seen = identity.engine["shape"]
        if identity.loadable and target.identity["shape"] != seen:
            # What the geometry says is plainer than that the shapes differ.
            target.check(identity.engine | {"shape": target.identity["shape"]})
            raise DeviceError(
                f"the device is an engine (shape {seen['value']:08x}) of which {self.path} knows "
                "nothing: name its names.json with --names"
            )
        return target

    def images(self, target: Target) -> KnownImages:
        """The first images of the test split, or random ones if the run has none."""
        form = next(form for step in target.program.steps for form in step.activations)
        path = self.path / _IMAGES
        if path.is_file():
            codes, labels = read_known_images(path, target.in_shape, signed=form.signed)
            known = None if (labels == NO_CLASS).any() else labels
            return KnownImages(codes=codes, labels=known, origin="the test split")
        rng = np.random.default_rng(_SEED)
        shape = (_RANDOM_IMAGES, *target.in_shape)
        codes = rng.integers(form.minimum, form.maximum + 1, shape, dtype=np.int64)
        return KnownImages(codes=codes, labels=None, origin=f"random, seed {_SEED}")

    def _engine(self, identity: Identity) -> Engine | None:
        """The engine that is in the device, by the number of its build, else by its shape."""
        build = identity.link["build"]["value"]
        for engine in self.engines:
            if engine.link is not None and engine.link.build == build != 0:
                return engine
        seen = identity.engine["shape"]["value"]
        for engine in self.engines:
            if identity.loadable and engine.shape and shape_identity(engine.shape) == seen:
                return engine
        return None

    def _target(self, engine: Engine) -> Target:
        return Target.of(
            self.tables, built_as=engine.built_as, shape=engine.shape, origin=str(self.path)
        )
