"""Step fields: which component takes which fields of a step."""

__all__ = ["give_step"]


def give_step(m, step, *, walk, read, operate, store):
    """Show each component its part of the step that runs.

    Parameters
    ----------
    m : Module
        Where they are connected.
    step : layout of a step
        See :attr:`arch.network_shape.NetworkShape.step_layout`.
    walk, read, operate, store : component
        Window walk, run read, operate and result store.
    """
    for component, names in (
        (walk, ("at", "y", "x", "height", "width", "wide")),
        (walk.loops, ("last", "at", "y", "x")),
        (read, ("fill",)),
        (operate, ("operand_signed", "operand_zero", "multiplier", "largest", "shift")),
        (operate, ("zero_point", "minimum", "maximum")),
        (store, ("store", "emit", "store_at", "channel_last", "channel_step")),
        (store, ("position_last",)),
    ):
        prefix = "level_" if component is walk.loops else ""
        m.d.comb += [getattr(component, name).eq(step[prefix + name]) for name in names]
