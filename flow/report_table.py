"""The report as tables for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from flow.report_network import counter_table, cycle_table

__all__ = ["report_tables"]

_COLUMNS = (
    "layer",
    "segments\nkept",
    "OUs\ndense",
    "\npacked",
    "crossbars\ndense",
    "\npacked",
    "index\nbits",
    "\nshare",
    "cycles\nformula",
    "\nRTL",
    "OU\nissue",
    "outputs\ncompared",
    "mis-\nmatches",
)


def report_tables(report: Mapping[str, Any]) -> RenderableType:
    """The layers and their totals, cycles and counters of an image, and a summary.

    Parameters
    ----------
    report : mapping
        What :func:`flow.report_file.read_report` returns.
    """
    tables = [_layers(report)]
    if "image_cycles" in report:
        tables.append(cycle_table(report["image_cycles"]))
    network = report["cosim"].get("network")
    if network and network.get("counters"):
        tables.append(counter_table(network["counters"]))
    return Group(*tables, _summary(report))


def _layers(report: Mapping[str, Any]) -> Table:
    table = Table(title=f"{report['name']}: layers", title_justify="left")
    table.add_column(_COLUMNS[0], justify="left", no_wrap=True, vertical="bottom")
    for name in _COLUMNS[1:]:
        table.add_column(name, justify="right", no_wrap=True, vertical="bottom")
    for layer in report["layers"]:
        utilisation = f"{100 * layer['ou_issue_utilisation']:.1f} %"
        table.add_row(*_row(layer["name"], layer, utilisation))
    table.add_section()
    table.add_row(*_row("total", report["totals"], ""))
    return table


def _row(name: str, counts: Mapping[str, Any], utilisation: str) -> list[str]:
    bits = counts["index_bits"] + counts["cell_bits_stored"]
    share = f"{100 * counts['index_bits'] / bits:.1f} %" if bits else "-"
    kept = 100 * counts["segments_kept"] / counts["segments"]
    return [
        name,
        f"{counts['segments_kept']:,} of {counts['segments']:,} ({kept:.0f} %)",
        f"{counts['ous_dense']:,}",
        f"{counts['ous']:,}",
        f"{counts['crossbars_dense']:,}",
        f"{counts['crossbars']:,}",
        f"{counts['index_bits']:,}",
        share,
        f"{counts['cycles_model']:,}",
        f"{counts['cycles_rtl']:,}",
        utilisation,
        f"{counts['outputs_compared']:,}",
        f"{counts['mismatches']:,}",
    ]


def _summary(report: Mapping[str, Any]) -> Table:
    accuracy, cosim, totals = report["accuracy"], report["cosim"], report["totals"]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row(
        "accuracy",
        ", ".join(f"{name} {100 * value:.2f} %" for name, value in accuracy.items())
        + f" of {report['images']['test']} test images",
    )
    table.add_row(
        "compression",
        ", ".join(
            f"{name.replace('_', ' ')} {'-' if value is None else f'{value:.2f} x'}"
            for name, value in totals["compression"].items()
        ),
    )
    table.add_row("OUs", f"{100 * totals['ous'] / totals['ous_dense']:.1f} % of the dense network")
    if report["search"]["agent"] != "none":
        table.add_row("search", _search(report["search"]))
    table.add_row(
        "cosimulation",
        f"{cosim['images_match']} of {cosim['images']} images equal in every output; "
        f"{cosim['cycles_per_second']:,.0f} cycles/s",
    )
    if cosim.get("network"):
        table.add_row("network", _network(cosim["network"]))
    hardware = report.get("hardware", {})
    if hardware.get("crossbar") == "macro":
        latency = hardware["macro_latency"]
        table.add_row("crossbar", f"a macro, {latency} cycles from a sample to its codes")
    table.add_row("tables", report["hashes"]["tables"])
    table.add_row("Verilog", report["hashes"]["verilog"])
    return table


def _network(network: Mapping[str, Any]) -> str:
    return (
        f"{network['images_match']} of {network['images']} images equal in every feature map; "
        f"{_cycles(network)}, "
        f"{100 * network['ou_issue_utilisation']:.1f} % of them with an OU plane; "
        f"{network['cycles_per_second']:,.0f} cycles/s"
    )


def _cycles(network: Mapping[str, Any]) -> str:
    text = f"{network['cycles_rtl']:,} cycles an image (model {network['cycles_model']:,})"
    if network.get("cycles_bound", network["cycles_model"]) == network["cycles_model"]:
        return text
    return f"{text}, {network['cycles_bound']:,} if no plane were skipped"


def _search(search: Mapping[str, Any]) -> str:
    text = f"{search['agent']}, {search['episodes']} episodes in {search['seconds']:.0f} s"
    if "evaluations" in search:
        text += f", {search['evaluations']} policies evaluated"
    if search.get("winner"):
        change = 100 * (search["winner"]["accuracy"] - search["dense"]["accuracy"])
        text += (
            f"; episode {search['winner']['episode']} x {search['winner']['scale']:.2f} chosen, "
            f"validation accuracy {change:+.2f} "
            f"points ({search['max_accuracy_drop']:g} may be lost)"
        )
    elif search.get("problem"):
        text += "; no policy keeps the accuracy, the dense network was kept"
    return text + ("; edited by hand" if search["edited"] else "")
