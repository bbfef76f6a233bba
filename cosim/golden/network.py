"""A network of golden layers."""

from collections.abc import Mapping

import numpy as np

from arch.layer import INPUT
from arch.tables import MappingTables
from cosim.golden.layer import GoldenLayer
from cosim.golden.windows import windows

__all__ = ["GoldenNetwork"]

_PASS_ELEMENTS = 1 << 25
"""Window elements held at once; bounds the memory of a large batch."""


class GoldenNetwork:
    """What the mapping tables of a network compute, layer after layer.

    A layer reads the outputs of the layer that it names as its source, or the network's input.

    Parameters
    ----------
    tables : MappingTables
        Layers in the order in which they run.

    Raises
    ------
    :exc:`ValueError`
        If two layers have one name, a source does not come earlier, or shapes do not follow.
    """

    def __init__(self, tables: MappingTables) -> None:
        self._layers: dict[str, GoldenLayer] = {}
        for table in tables.layers:
            spec = table.spec
            if spec.name in self._layers:
                raise ValueError(f"layer {spec.name} occurs twice")
            self._layers[spec.name] = GoldenLayer(table, tables.geometry)
            if spec.source == INPUT:
                continue
            source = self._layers.get(spec.source)
            if source is None or spec.source == spec.name:
                raise ValueError(f"layer {spec.name}: no earlier layer is called {spec.source!r}")
            if source.spec.out_shape != spec.in_shape:
                raise ValueError(
                    f"layer {spec.name} reads the shape {spec.in_shape}, but {spec.source} "
                    f"gives {source.spec.out_shape}"
                )

    @property
    def layers(self) -> Mapping[str, GoldenLayer]:
        """The layers by name, in the order in which they run."""
        return dict(self._layers)

    def run(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of every layer.

        Parameters
        ----------
        codes : int array, shape (n, C, H, W)
            Input of the network, already quantised.

        Returns
        -------
        dict of str to int64 array, shape (n, C, H, W)
            By the name of the layer, in the order in which they run.

        Raises
        ------
        :exc:`TypeError`
            If ``codes`` are not integers.
        :exc:`ValueError`
            If a shape is wrong, or an activation does not fit the format of the layer that
            reads it; the message names the layer and the value.
        """
        codes = np.asarray(codes)
        outputs: dict[str, np.ndarray] = {}
        for name, layer in self._layers.items():
            outputs[name] = self._run_layer(layer, self._source(name, codes, outputs))
        return outputs

    def inputs(
        self, name: str, codes: np.ndarray, outputs: Mapping[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Windows of one layer, as :func:`cosim.golden.windows.windows` orders them.

        Parameters
        ----------
        name : str
            The layer.
        codes : int array, shape (n, C, H, W)
            Input of the network.
        outputs : mapping of str to int array, optional
            What :meth:`run` returned for ``codes``; the network is run when it is left out.

        Returns
        -------
        int array, shape (n * positions, R)
        """
        if outputs is None:
            outputs = self.run(codes)
        return windows(self._source(name, codes, outputs), self._layer(name).spec)

    def _layer(self, name: str) -> GoldenLayer:
        if name not in self._layers:
            raise ValueError(f"no layer {name!r}; the layers are {', '.join(self._layers)}")
        return self._layers[name]

    def _source(
        self, name: str, codes: np.ndarray, outputs: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        source = self._layer(name).spec.source
        return codes if source == INPUT else outputs[source]

    def _run_layer(self, layer: GoldenLayer, activations: np.ndarray) -> np.ndarray:
        spec = layer.spec
        images = len(activations)
        result = np.empty((images, *spec.out_shape), dtype=np.int64)
        step = max(1, _PASS_ELEMENTS // (spec.positions * spec.rows))
        for start in range(0, images, step):
            part = windows(activations[start : start + step], spec)
            outputs = layer.outputs(part).reshape(-1, spec.positions, spec.cols)
            shape = (len(outputs), *spec.out_shape)
            result[start : start + step] = outputs.transpose(0, 2, 1).reshape(shape)
        return result
