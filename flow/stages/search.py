"""Search: the pruning policy. Without an agent, it is what the configuration says."""

from arch.errors import InputError
from flow.sources import load_dataset, new_network
from flow.stage import Context
from sw.networks import mappable
from sw.policy import policy_for, write_policy

__all__ = ["run"]


def run(context: Context) -> None:
    """Write the policy: the sparsity structure and the ratio of each layer."""
    settings = context.configuration.prune
    network = new_network(context.configuration, load_dataset(context.configuration))
    names = [name for name, _ in mappable(network)]
    try:
        policy = policy_for(names, scheme=settings.scheme, ratio=settings.ratio)
    except InputError as error:
        raise InputError(f"prune.ratio: {error}") from error
    write_policy(policy, context.output)
