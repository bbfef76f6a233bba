"""The search for the pruning ratio of each layer, with the hardware's own feedback."""
