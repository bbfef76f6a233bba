"""A network of golden layers."""

from collections.abc import Mapping

import numpy as np

from arch.host import HostSpec
from arch.layer import INPUT
from arch.tables import MappingTables
from cosim.golden.host import GoldenOperation
from cosim.golden.layer import GoldenLayer
from cosim.golden.windows import windows

__all__ = ["GoldenNetwork"]

_PASS_ELEMENTS = 1 << 25
"""Window elements held at once; bounds the memory of a large batch."""


class GoldenNetwork:
    """What the mapping tables of a network compute, layer after layer.

    A layer reads the outputs of the layer or host operation that it names as its source, or the
    network's input.

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
        self._steps: dict[str, GoldenLayer | GoldenOperation] = {}
        waiting = list(tables.host)
        self._operations(waiting)  # those that read the input alone
        for table in tables.layers:
            layer = GoldenLayer(table, tables.geometry)
            self._enter("layer", layer, (table.spec.source,))
            self._layers[table.spec.name] = layer
            self._operations(waiting)
        if waiting:
            raise ValueError(
                f"operation {waiting[0].name}: reads {' and '.join(waiting[0].sources)}, "
                f"which do not all come before it"
            )

    def _operations(self, waiting: list[HostSpec]) -> None:
        """Enter the operations whose sources are there; they keep their order."""
        while waiting and {*self._steps, INPUT}.issuperset(waiting[0].sources):
            operation = GoldenOperation(waiting.pop(0))
            self._enter("operation", operation, operation.spec.sources)

    def _enter(
        self, what: str, step: GoldenLayer | GoldenOperation, sources: tuple[str, ...]
    ) -> None:
        spec = step.spec
        if spec.name in self._steps:
            raise ValueError(f"{what} {spec.name} occurs twice")
        for name in sources:
            if name == INPUT:
                continue
            if name not in self._steps:
                raise ValueError(f"{what} {spec.name}: no earlier layer is called {name!r}")
            source = self._steps[name].spec
            if source.out_shape != spec.in_shape:
                raise ValueError(
                    f"{what} {spec.name} reads the shape {spec.in_shape}, but {name} "
                    f"gives {source.out_shape}"
                )
        self._steps[spec.name] = step

    @property
    def layers(self) -> Mapping[str, GoldenLayer]:
        """The layers by name, in the order in which they run."""
        return dict(self._layers)

    def run(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of every layer and of every host operation.

        Parameters
        ----------
        codes : int array, shape (n, C, H, W)
            Input of the network, already quantised.

        Returns
        -------
        dict of str to int64 array, shape (n, C, H, W)
            By the name of the layer or operation, in the order in which they run.

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
        for name, step in self._steps.items():
            if isinstance(step, GoldenOperation):
                outputs[name] = step.outputs(
                    [codes if source == INPUT else outputs[source] for source in step.spec.sources]
                )
            else:
                outputs[name] = self._run_layer(step, self._source(name, codes, outputs))
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
