"""The page that lies beside an export: what it is, and how each flow takes it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["readme"]

_TEMPLATES = Path(__file__).with_name("templates")


def readme(wrapper, *, names, vlnv):
    """Text of the page.

    Parameters
    ----------
    wrapper : :class:`hw.integration.wrapper.Wrapper`
        The top.
    names : dict
        Contents of its ``names.json``.
    vlnv : str
        What FuseSoC calls it.
    """
    page = Environment(  # Markdown, which is not escaped as pages of HTML are
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    load_image = names.get("load_image", "")
    widths = {port.name: port.bits for port in wrapper.ports}
    return page.get_template("README.md").render(
        name=wrapper.name,
        axi=wrapper.top == "axi",
        clock=wrapper.clock,
        reset=wrapper.reset_name,
        polarity=wrapper.reset.polarity,
        asynchronous=wrapper.reset.kind == "async",
        ports=wrapper.ports,
        stream_bytes=widths.get("s_axis_tdata", 8) // 8,
        tables=names["tables_sha256"] or "without a hash",
        load_image=load_image,
        load="; load the tables (registers `control`, `load_word`)" if load_image else "",
        memories=any("file" in memory for memory in names["memories"].values()),
        macro=names.get("macro", {}).get("model", ""),
        vlnv=vlnv,
    )
