"""From an integer network to mapping tables: packing, counting, explaining."""

from sw.mapping.counts import OuCount, count, dense_count
from sw.mapping.explanation import explain, explain_ou
from sw.mapping.packer import map_layer, map_network

__all__ = ["OuCount", "count", "dense_count", "explain", "explain_ou", "map_layer", "map_network"]
