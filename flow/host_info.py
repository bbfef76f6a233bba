"""What ``ohmforge host DIR info`` says of a device."""

from typing import Any

from arch.errors import InputError
from flow.host_session import Session

__all__ = ["describe", "info_lines"]


def describe(there: Session) -> dict[str, Any]:
    """What the device is, as plain values; ``problem`` says why it is not one for the run."""
    identity = there.identity
    problem = ""
    try:
        target = there.target
        target.check(identity.engine)
        if identity.table_hash and any(identity.table_hash):
            target.check_hash(identity.table_hash)
    except InputError as error:
        problem = str(error)
    return {
        "engine": identity.engine,
        "link": identity.link,
        "tables_sha256": identity.tables_sha256,
        "status": there.device.engine.fields("status"),
        "error": there.device.error(),
        "problem": problem,
    }


def info_lines(found: dict[str, Any]) -> list[str]:
    """The same as lines."""
    engine, link = found["engine"], found["link"]
    built = engine["capabilities"]
    parts = [f"{built['tiles']} tile{'s' if built['tiles'] != 1 else ''}"]
    parts.append("tables loadable" if built["loadable"] else "tables baked in")
    parts += [
        text
        for name, text in (
            ("skip_zero_planes", "planes skipped"),
            ("argmax", "argmax"),
            ("macro", "crossbar macro"),
            ("differential", "differential"),
        )
        if built[name]
    ]
    unit, formats = engine["operation_unit"], engine["formats"]
    features = [name for name in ("trace", "probe") if link["features"][name]]
    tables = found["tables_sha256"] or "none loaded"
    return [
        f"engine   {_version(engine)}, {', '.join(parts)}",
        (
            f"crossbar {engine['crossbar']['rows']} x {engine['crossbar']['cols']}, OU "
            f"{unit['ou_rows']} x {unit['ou_cols']}, cells of {unit['cell_bits']} bits, ADC "
            f"{unit['adc_bits']} bits, weights {formats['weight_bits']}, activations "
            f"{formats['act_bits']}, results {formats['out_bits']} bits"
        ),
        (
            f"network  {engine['program']['steps']} steps, {engine['program']['layers']} layers, "
            f"{engine['memory']['elements']} elements"
        ),
        (
            f"link     {_version(link)}, build {link['build']['value']:08x}, "
            f"{link['clock']['hertz'] / 1e6:g} MHz, payload {link['features']['payload_max']} "
            f"bytes, {', '.join(features) or 'no trace, no probe'}"
        ),
        f"tables   {tables}",
        (
            f"status   {'loaded' if found['status']['loaded'] else 'nothing loaded'}, "
            f"error: {found['error'] or 'none'}"
        ),
        f"match    {found['problem'] or 'this device is one for these tables'}",
    ]


def _version(part: dict[str, Any]) -> str:
    return f"{part['version']['major']}.{part['version']['minor']}"
