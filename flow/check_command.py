"""The command ``ohmforge check``."""

from flow.console import print_json, print_wide
from flow.options import Config, Json, Override

__all__ = ["EXAMPLES", "check"]

EXAMPLES = """\
Examples:

\b
ohmforge check examples/digits.yaml
ohmforge check examples/digits.yaml --set hardware.target=ice40-up5k
ohmforge check examples/digits.yaml --json
"""
"""What ``--help`` closes with."""


def check(config: Config, override: Override = None, json: Json = False) -> None:
    """Say what becomes of every operation of a network, and what its hardware takes.

    Nothing is trained: operations that cannot be mapped are refused with the reason; crossbars,
    OUs, cycles and memories follow from shapes, dense and at prune.ratio.
    """
    from flow.check import check_job
    from flow.check_table import check_tables
    from flow.read_configuration import read_configuration

    found = check_job(read_configuration(config, override or ()))
    if json:
        print_json(found.to_dict())
    else:
        print_wide(check_tables(found))
    found.refuse()
