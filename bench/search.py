"""Seconds of an episode of a search on ResNet-20, and where they go, beside a plain forward pass.

The settings are those of examples/resnet20_cifar10.yaml. Images and weights are random and of the
same sizes, since they change no time; --data takes those that the configuration names. The
reference is torch alone: one forward pass of the float32 network over the validation images of an
evaluation, on one thread. Both are timed in turn, round after round, and the fastest round counts:
other work on the machine only ever slows one down.

What the agent itself takes is measured apart, over episodes whose accuracy is made up.

Run ``python -m bench.search --help`` from the repository's root.
"""

import argparse
import contextlib
import functools
import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import sw.prune
import sw.search.evaluation
from flow import sources
from flow.configuration import Configuration
from flow.read_configuration import read_configuration
from flow.search_section import SearchSection
from sw.datasets import Dataset, Split, spread
from sw.search.agents import AgentSettings, new_agent
from sw.search.choices import LayerChoices, network_choices
from sw.search.environment import PruningEnvironment
from sw.search.evaluation import Evaluation, Evaluator
from sw.search.families import uniform_ratios
from sw.search.hardware import Objective, hardware_terms
from sw.search.problem import Problem

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "resnet20_cifar10.yaml"
IMAGES, VALIDATION, SHAPE, CLASSES = 50000, 5000, (3, 32, 32), 10
"""CIFAR-10, with half of its test images for validation."""
RATIO = 0.5
"""Share that the evaluated policies prune; it hardly changes the time."""
_PARTS = {
    "reconstruction": (sw.prune, "reconstruct"),
    "fine-tuning": (sw.prune, "train"),
    "batch normalisation": (sw.prune, "reestimate_batch_norm"),
    "validation": (sw.search.evaluation, "class_scores"),
}
"""Parts of an evaluation by the function that does them; what is left is masking and copying."""
_REST, _WALK, _AGENT = "masking and copying", "environment and counting", "the agent's arithmetic"


class Clock:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Add what happens within to ``name``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            past = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + past

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time added to ``name``."""

        @functools.wraps(function)
        def wrapped(*arguments: Any, **options: Any) -> Any:
            with self.running(name):
                return function(*arguments, **options)

        return wrapped


def random_data(settings: SearchSection) -> Dataset:
    """As many random images as an evaluation takes from CIFAR-10."""
    rng = np.random.default_rng(0)
    wanted = max(settings.finetune_images or IMAGES, settings.calibration_images)

    def split(count: int) -> Split:
        return Split(
            images=rng.random((count, *SHAPE), dtype=np.float32),
            labels=np.arange(count) % CLASSES,
        )

    validation = split(min(settings.validation_images or VALIDATION, VALIDATION))
    return Dataset(
        name="random",
        classes=CLASSES,
        train=split(min(wanted, IMAGES)),
        validation=validation,
        test=validation,
    )


def forward_pass(network: nn.Module, images: np.ndarray) -> float:
    """Seconds of one forward pass in batches of 128, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    begin = time.perf_counter()
    with torch.no_grad():
        for batch in torch.from_numpy(images).split(128):
            network(batch)
    seconds = time.perf_counter() - begin
    torch.set_num_threads(threads)
    return seconds


def measure_evaluations(
    network: nn.Module,
    layers: tuple[LayerChoices, ...],
    dataset: Dataset,
    configuration: Configuration,
    settings: SearchSection,
    rounds: int,
) -> tuple[list[dict[str, float]], list[float]]:
    """Seconds of the parts of every evaluation, and of every forward pass."""
    evaluator = Evaluator(
        network,
        layers,
        dataset,
        seed=configuration.seed,
        recipe=sources.finetuning_recipe(configuration),
        short_recipe=sources.short_recipe(configuration, settings),
        calibration_images=settings.calibration_images,
        finetune_images=settings.finetune_images,
        validation_images=settings.validation_images,
        reconstruct=configuration.prune.reconstruct,
    )
    images = spread(dataset.validation, settings.validation_images).images
    parts, passes = [], []
    for number in range(rounds):
        passes.append(forward_pass(network, images))
        kept = [
            layer.kept(ratio)
            for layer, ratio in zip(
                layers, uniform_ratios(layers, RATIO + 0.01 * number), strict=True
            )
        ]
        clock = Clock()
        with contextlib.ExitStack() as stack:
            for name, (module, function) in _PARTS.items():
                timed = clock.timed(name, getattr(module, function))
                stack.enter_context(mock.patch.object(module, function, timed))
            with clock.running("evaluation"):
                evaluator.evaluate(kept, epochs=settings.finetune_epochs)
        total = clock.seconds.pop("evaluation")
        parts.append({**clock.seconds, _REST: total - sum(clock.seconds.values())})
    return parts, passes


class TimedEnvironment(PruningEnvironment):
    """An environment that measures itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.clock = Clock()
        self.episodes: list[tuple[float, float]] = []
        """When an episode was over, and the seconds spent in here until then."""

    def reset(self, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """As the environment's."""
        with self.clock.running(_WALK):
            return super().reset(**options)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """As the environment's."""
        with self.clock.running(_WALK):
            done = super().step(action)
        if done[2]:
            self.episodes.append((time.perf_counter(), self.clock.seconds[_WALK]))
        return done


def measure_agent(
    layers: tuple[LayerChoices, ...], settings: SearchSection, episodes: int
) -> tuple[float, float]:
    """Seconds an episode that learns takes in the environment and in the agent.

    Half of the episodes are random ones. What is learnt from does not change the time, so the
    accuracy is made up: it falls with the OUs that are saved.
    """
    dense = hardware_terms(layers, [layer.segments for layer in layers])

    def evaluate(kept: tuple[int, ...]) -> Evaluation:
        saved = 1 - hardware_terms(layers, kept)["ous"] / dense["ous"]
        return Evaluation(accuracy=1 - 0.05 * saved**2, seconds=0.0)

    problem = Problem(
        layers=layers,
        evaluate=evaluate,
        dense_accuracy=1.0,
        objective=Objective(name=settings.hardware, dense=dense, weights=settings.hardware_weights),
        reward=settings.reward,
        cost_weight=settings.cost_weight,
        target_crossbars=settings.target_crossbars,
    )
    environment = TimedEnvironment(problem)
    agent = new_agent(
        settings.agent,
        AgentSettings(episodes=episodes, seed=0, warmup_episodes=episodes // 2),
    )
    agent.search(environment)
    (begin, walked), (end, walked_in_all) = (
        environment.episodes[episodes // 2],
        environment.episodes[-1],
    )
    learning = episodes - episodes // 2 - 1
    walk = (walked_in_all - walked) / learning
    return walk, (end - begin) / learning - walk


def show(
    console: Console, parts: dict[str, float], forward: float, settings: SearchSection
) -> None:
    """The table, and what it says of a whole search."""
    page = Table(title="an episode that learns, ResNet-20, fastest round")
    for heading in ("part", "seconds", "share", "x forward pass"):
        page.add_column(heading, justify="left" if heading == "part" else "right")
    total = sum(parts.values())
    for name, seconds in (*parts.items(), ("episode", total)):
        page.add_row(name, f"{seconds:.3f}", f"{seconds / total:.1%}", f"{seconds / forward:.2f}")
    console.print(page)
    console.print(f"forward pass over the validation images, torch, one thread: {forward:.3f} s")
    random = min(settings.warmup_episodes, 150)
    minutes = (300 * total - random * parts[_AGENT]) / 60
    console.print(
        f"300 episodes of {settings.agent}, {random} of them random: {minutes:.0f} minutes, and "
        f"the whole fine-tunings of recovery and finalists"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table, and write the record if asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="timed evaluations (3)")
    parser.add_argument("--episodes", type=int, default=30, help="episodes of the agent (30)")
    parser.add_argument("--data", action="store_true", help="images and weights of the files")
    parser.add_argument("--set", action="append", default=[], help="KEY.PATH=VALUE, as ohmforge's")
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or chosen.episodes < 4:
        parser.error("--rounds must be at least 1 and --episodes 4")
    configuration = read_configuration(EXAMPLE, chosen.set)
    settings = configuration.search
    if settings is None:
        parser.error("the configuration has no search; leave search=null out")
    if chosen.data:
        dataset = sources.load_dataset(configuration)
        network = sources.start_network(configuration, dataset)
    else:
        dataset = random_data(settings)
        network = sources.new_network(configuration, dataset).eval()
    layers = network_choices(
        network,
        dataset.in_shape,
        configuration.crossbar_geometry(),
        scheme=configuration.prune.scheme,
        max_ratio=settings.max_ratio,
    )
    rounds, passes = measure_evaluations(
        network, layers, dataset, configuration, settings, chosen.rounds
    )
    walk, agent = measure_agent(layers, settings, chosen.episodes)
    parts = min(rounds, key=lambda one: sum(one.values())) | {_WALK: walk, _AGENT: agent}
    show(Console(width=120), parts, min(passes), settings)
    if chosen.json:
        record = {
            "bench": "search",
            "torch": torch.__version__,
            "machine": platform.machine(),
            "precision": configuration.train.precision,
            "search": settings.model_dump(),
            "seconds": parts,
            "evaluations": rounds,
            "forward_passes": passes,
        }
        chosen.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
