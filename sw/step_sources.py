"""What a layer or a host operation reads, and whether its source gives that."""

from arch.fixed import ActFormat
from arch.host import HostSpec
from arch.layer import INPUT, LayerSpec

__all__ = ["check_source", "sources_of"]


def sources_of(spec: LayerSpec | HostSpec) -> list[tuple[str, ActFormat]]:
    """Names of the sources, each with the format that its values are taken to have."""
    if isinstance(spec, LayerSpec):
        return [(spec.source, spec.activation)]
    return list(zip(spec.sources, spec.activations, strict=True))


def check_source(
    spec: LayerSpec | HostSpec,
    source_name: str,
    activation: ActFormat,
    specs: dict[str, LayerSpec | HostSpec],
    in_shape: tuple[int, ...],
) -> None:
    """Raise :exc:`ValueError` unless ``spec`` reads what its source writes."""
    what = "layer" if isinstance(spec, LayerSpec) else "operation"
    if source_name == INPUT:
        if spec.in_shape != in_shape:
            raise ValueError(
                f"{what} {spec.name}: in_shape must be that of the input {in_shape}, "
                f"not {spec.in_shape}"
            )
        return
    source = specs[source_name]
    if spec.in_shape != source.out_shape:
        raise ValueError(
            f"{what} {spec.name}: in_shape must be the outputs of {source.name} "
            f"{source.out_shape}, not {spec.in_shape}"
        )
    written = (source.output.bits, source.output.signed, source.output.zero_point)
    read = (activation.bits, activation.signed, activation.zero_point)
    if written != read:
        raise ValueError(
            f"{what} {spec.name}: bits, signed and zero_point of the inputs must be those of "
            f"{source.name} {written}, not {read}"
        )
