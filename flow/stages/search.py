"""Search: the pruning policy. Without an agent, it is what the configuration says."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from arch.errors import CheckFailed, InputError
from flow.configuration import Configuration
from flow.json_file import read_json, write_json
from flow.search_log import LOG
from flow.search_section import SearchSection
from flow.sources import finetuning_recipe, load_dataset, new_network, short_recipe
from flow.stage import Context
from flow.stages.train import WEIGHTS
from sw.datasets import Dataset
from sw.networks import mappable
from sw.policy import Policy, policy_for, write_policy
from sw.search.executor import Executor, new_executor
from sw.weights import load_network

if TYPE_CHECKING:
    from sw.search.session import Session

__all__ = ["LOG", "SUMMARY", "TUNED", "check", "new_session", "run"]

SUMMARY = "summary.json"
"""What the search reached; ``problem`` is empty if a policy keeps the accuracy."""
TUNED = "tuned.safetensors"
"""What the fine-tuning of the winner came to: prune need not do it again."""
_NEAREST = 3


def run(context: Context) -> None:
    """Write the policy; as details :data:`SUMMARY` and, with an agent, :data:`LOG` and plots."""
    configuration = context.configuration
    settings = configuration.search
    dataset = load_dataset(configuration)
    network = new_network(configuration, dataset)
    context.details.mkdir()
    if settings is None or settings.agent == "none":
        write_policy(_configured_policy(configuration, network), context.output)
        write_json(context.details / SUMMARY, _summary_without_agent())
        return
    load_network(network, context.inputs["train"] / WEIGHTS)
    _search(context, settings, network, dataset)


def check(output: Path) -> None:
    """Raise CheckFailed if no policy kept the accuracy."""
    problem = read_json(output / SUMMARY)["problem"]
    if problem:
        raise CheckFailed(problem)


def _configured_policy(configuration: Configuration, network: nn.Module) -> Policy:
    settings = configuration.prune
    names = [name for name, _ in mappable(network)]
    try:
        return policy_for(names, scheme=settings.scheme, ratio=settings.ratio)
    except InputError as error:
        raise InputError(f"prune.ratio: {error}") from error


def _summary_without_agent() -> dict[str, Any]:
    return {
        "agent": "none",
        "episodes": 0,
        "evaluations": 0,
        "seconds": 0.0,
        "reward": None,
        "best_episode": None,
        "problem": "",
    }


def new_session(
    context: Context,
    settings: SearchSection,
    network: nn.Module,
    dataset: Dataset,
    *,
    name: str,
    executor: Executor,
) -> "Session":
    """The search that is configured, in the directory ``name`` of the scratch directory.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the network does not have what the section asks for.
    """
    # Late, so that a job without a search does without these libraries.
    from sw.search.session import Session
    from sw.search.session_settings import SessionSettings

    configuration = context.configuration
    try:
        return Session(
            network,
            dataset,
            configuration.crossbar_geometry(),
            scheme=configuration.prune.scheme,
            settings=SessionSettings(
                seed=configuration.seed,
                hardware=settings.hardware,
                hardware_weights=settings.hardware_weights,
                reward=settings.reward,
                cost_weight=settings.cost_weight,
                max_drop=settings.max_accuracy_drop / 100,
                recovery=None if settings.recovery is None else settings.recovery / 100,
                recovery_trials=settings.recovery_trials,
                max_ratio=settings.max_ratio,
                target_crossbars=settings.target_crossbars,
                finetune_epochs=settings.finetune_epochs,
                finetune_images=settings.finetune_images,
                calibration_images=settings.calibration_images,
                validation_images=settings.validation_images,
                feedback=settings.feedback,
                finalists=settings.finalists,
                final_epochs=configuration.prune.finetune_epochs,
                final_images=configuration.prune.finetune_images,
                reconstruct=configuration.prune.reconstruct,
                recipe=finetuning_recipe(configuration),
                short_recipe=short_recipe(configuration, settings),
                device=configuration.device,
            ),
            directory=context.scratch / name,
            fingerprint=context.fingerprint,
            executor=executor,
        )
    except ValueError as error:
        raise InputError(f"search: {error}") from error


def _search(
    context: Context, settings: SearchSection, network: nn.Module, dataset: Dataset
) -> None:
    from sw.search.agents import AgentSettings, new_agent

    agent = new_agent(
        settings.agent,
        AgentSettings(
            episodes=settings.episodes,
            seed=context.configuration.seed,
            warmup_episodes=settings.warmup_episodes,
            noise=settings.noise,
            noise_decay=settings.noise_decay,
        ),
    )
    begin = time.monotonic()
    with new_executor(settings.executor, address=settings.ray_address) as executor:
        session = new_session(context, settings, network, dataset, name="search", executor=executor)
        done = session.run(agent, episodes=settings.episodes, progress=context.progress)
    winner = done.selection.winner
    problem = "" if winner else done.complaint(_NEAREST)
    ratios = winner.episode.ratios if winner else (0.0,) * len(session.names)
    seconds = time.monotonic() - begin + session.remembered_seconds
    summary = done.summary() | {
        "agent": settings.agent,
        "seconds": round(seconds, 3),
        "problem": problem,
    }
    write_json(context.details / SUMMARY, summary)
    shutil.copy(session.log_path, context.details / LOG)
    session.draw(context.details, done, title=f"{settings.agent} on {dataset.name}")
    policy = Policy(
        scheme=context.configuration.prune.scheme,
        ratios=dict(zip(session.names, ratios, strict=True)),
    )
    write_policy(policy, context.output)
    if winner:
        session.take_weights(winner.episode.kept, context.details / TUNED)
    session.finish()
