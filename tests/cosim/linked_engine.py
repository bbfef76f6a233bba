"""One engine with a host link, and two sets of tables that fit it: one build for all its tests."""

from arch.geometry import Geometry
from arch.network_program import build_network_program
from arch.table_files import save
from flow.device_build import CLOCK_HZ, device_link
from flow.hardware_section import HardwareSection
from hw.link.emit_link import write_link
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

__all__ = ["HARDWARE", "save_tables", "write_engine"]

HARDWARE = {"tables": "loadable", "capacity": {"ous": 64, "acc_bits": 32}}


def save_tables(directory, *, seed=0, ratio=0.5):
    """Tables of a small network; another seed or ratio is another pruning result."""
    geometry = Geometry()
    network = small_network(geometry, seed=seed, ratio=ratio)
    return save(map_network(network, geometry), directory)


def write_engine(tables, directory):
    """What ``ohmforge device`` writes for a run with :data:`HARDWARE`."""
    hardware = HardwareSection.model_validate(HARDWARE)
    program = build_network_program(tables, **hardware.network_built_as)
    write_link(program, device_link(program, clock_hz=CLOCK_HZ, baud=None), directory)
