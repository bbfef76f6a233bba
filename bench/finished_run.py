"""What a bench reads of a finished run: its tables, its network, and images of the test split."""

import argparse
from functools import cached_property
from pathlib import Path

import numpy as np

from arch.table_files import load
from cosim.golden import GoldenNetwork
from flow.read_configuration import read_configuration
from flow.sources import load_dataset
from flow.stages.map import TABLES
from flow.stages.quantise import DENSE, PRUNED
from sw.integer_network import IntegerNetwork, encode_input, load_integer_network

__all__ = ["FinishedRun"]


class FinishedRun:
    """A run directory with its configuration, as the command line of a bench names them.

    Parameters
    ----------
    chosen : argparse.Namespace
        What a parser gives that :meth:`add_arguments` was told.
    """

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.tables_path: Path = chosen.run / "map" / TABLES
        self.tables = load(self.tables_path)
        self.images: int = chosen.images
        self._run: Path = chosen.run
        self._configuration = read_configuration(chosen.configuration, chosen.set)

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Let a command line name a run and its images."""
        parser.add_argument("configuration", type=Path, help="configuration of the run")
        parser.add_argument("run", type=Path, help="run directory, at least up to the stage map")
        parser.add_argument("--images", type=int, default=1, help="images of the test split (1)")
        parser.add_argument(
            "--set",
            metavar="KEY.PATH=VALUE",
            action="append",
            default=[],
            help="of the configuration, as the run had it",
        )

    @cached_property
    def dense(self) -> IntegerNetwork:
        """The network before anything was pruned."""
        return load_integer_network(self._run / "quantise" / DENSE)

    @cached_property
    def codes(self) -> np.ndarray:
        """The images as the network reads them, int array of shape (n, C, H, W)."""
        network = load_integer_network(self._run / "quantise" / PRUNED)
        return encode_input(network, load_dataset(self._configuration).test.images[: self.images])

    def windows(self) -> list[dict[str, np.ndarray]]:
        """Of each image the inputs of all output positions of each layer."""
        golden = GoldenNetwork(self.tables)
        maps = golden.run(self.codes)
        parts = {
            name: np.split(golden.inputs(name, self.codes, maps), self.images)
            for name in golden.layers
        }
        return [{name: part[n] for name, part in parts.items()} for n in range(self.images)]
