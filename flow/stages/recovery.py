"""Recovery: what the fine-tuning of a finalist wins back, for all agents that are compared.

It depends on network and data, not on the agent, so it is measured once.
"""

import time

from flow.json_file import write_json
from flow.search_section import SearchSection
from flow.sources import load_dataset, new_network
from flow.stage import Context
from flow.stages.search import new_session
from flow.stages.train import WEIGHTS
from sw.search.executor import LocalExecutor
from sw.weights import load_network

__all__ = ["run"]


def run(context: Context) -> None:
    """Write ``recovery``, in percentage points, and the ``seconds`` that this took, as JSON."""
    configuration = context.configuration
    settings = (configuration.search or SearchSection()).model_copy(update={"recovery": None})
    dataset = load_dataset(configuration)
    network = new_network(configuration, dataset)
    load_network(network, context.inputs["train"] / WEIGHTS)
    begin = time.monotonic()
    session = new_session(
        context, settings, network, dataset, name="recovery", executor=LocalExecutor()
    )
    recovery = session.recovery(progress=context.progress)
    seconds = time.monotonic() - begin + session.remembered_seconds
    write_json(context.output, {"recovery": 100 * recovery, "seconds": round(seconds, 3)})
    session.finish()
