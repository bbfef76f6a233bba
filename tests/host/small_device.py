"""A small network, and a device in Python that runs it."""

import dataclasses
from functools import cache

import numpy as np

from arch.capacity import Capacity
from arch.geometry import Geometry
from arch.link_shape import LinkShape
from cosim.golden import GoldenNetwork
from cosim.virtual.device import VirtualDevice
from cosim.virtual.line import VirtualLine
from host.device import Device
from host.link import Link
from host.target import Target
from sw.mapping import map_network
from tests.sw.integer_layers import small_network

GEOMETRY = Geometry(rows=32, cols=32, adc_bits=4)
SHAPE = LinkShape(clock_hz=50_000_000, payload_max=256, image_bytes=1024, results=64, probe=True)
LOADABLE = {"capacity": Capacity()}


@cache
def tables_of(ratio=0.5, tiles=1):
    """Mapping tables with a hash of their own."""
    geometry = dataclasses.replace(GEOMETRY, tiles=tiles)
    digest = f"{int(ratio * 100):02x}{tiles:02x}" * 16
    tables = map_network(small_network(geometry, ratio=ratio), geometry)
    layers = tuple(_scaled(table) for table in tables.layers)
    return dataclasses.replace(tables, layers=layers, sha256=digest)


def _scaled(table):
    """A layer whose results differ from image to image: none is clipped for its bias alone."""
    return dataclasses.replace(
        table,
        multiplier=np.full_like(table.multiplier, 1 << 15),
        shift=np.full_like(table.shift, 22),
        bias=np.arange(len(table.bias)) << 9,
    )


@cache
def target_of(ratio=0.5, tiles=1, *, loadable=False, **built_as):
    """The target of tables on an engine of their own."""
    built_as |= LOADABLE if loadable else {}
    return Target.of(tables_of(ratio, tiles), built_as=built_as, origin="small")


def virtual(target, shape=SHAPE, others=()):
    """A device in Python."""
    return VirtualDevice(target.tables, target.program, shape, others)


def device_of(target, shape=SHAPE, line=None, **link):
    """A driver with a device behind it."""
    line = line or VirtualLine(virtual(target, shape))
    return Device(Link(line, shape, seed=1, **link))


def images_of(target, count, seed=1):
    """Random images."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *target.in_shape))


def golden(target, images):
    """Results of images, shape (n, results)."""
    maps = GoldenNetwork(target.tables).run(images)
    return maps[target.last.name].reshape(len(images), -1)
