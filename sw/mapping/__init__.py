"""From an integer network to mapping tables: packing and counting; explanations of both."""

from sw.mapping.counts import OuCount, count, dense_count
from sw.mapping.packer import map_layer, map_network

__all__ = ["OuCount", "count", "dense_count", "map_layer", "map_network"]
