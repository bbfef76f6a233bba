"""From a network to mapping tables: data, networks, pruning, quantisation, mapping."""
