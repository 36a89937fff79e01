"""Training ten networks side by side, compared with one at a time: `python -m tests.benchmarks.training`.

A 64-32-10 network on the digits, minibatches of 32, plain regime and FGSM. Three ways: ours with all seeds in one
batch, ours with one seed at a time, both with their histories, and a torch module with torch's optimiser, one seed at a
time, without a history. The least of `ROUNDS` times of each counts.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from landscape.config.training import Regime
from landscape.problems.problem import Problem
from landscape.training.train import train

SEEDS = 10
EPOCHS = 40
ROUNDS = 2


def module_alone(problem: Problem, regime: Regime, seeds: Sequence[int]) -> None:
    """Train one network in the usual way with torch."""
    module = problem.module(np.zeros(problem.n_parameters))
    torch.manual_seed(seeds[0])
    for layer in module:  # type: ignore[attr-defined]
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    optimiser = torch.optim.SGD(module.parameters(), lr=regime.learning_rate, momentum=regime.momentum)
    for _ in range(regime.epochs):
        for rows in torch.split(torch.randperm(len(problem.inputs)), regime.batch_size):
            inputs, targets = problem.inputs[rows], problem.targets[rows]
            if regime.adversarial == "fgsm":
                point = inputs.clone().requires_grad_()
                loss = torch.nn.functional.cross_entropy(module(point), targets)
                inputs = inputs + regime.epsilon * torch.autograd.grad(loss, point)[0].sign()
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Prints seconds and ratios."""
    torch.set_num_threads(1)
    problem = Problem(dataset="digits", hidden=[32], test_fraction=0.2)
    for name in ("none", "fgsm"):
        regime = Regime(epochs=EPOCHS, adversarial=name)
        ways: dict[str, Callable[[], object]] = {
            "together": partial(train, problem, regime, range(SEEDS)),
            "one at a time": partial(_each, train, problem, regime),
            "torch modules": partial(_each, module_alone, problem, regime),
        }
        least = {way: min(times) for way, times in zip(ways, zip(*_rounds(ways), strict=True), strict=True)}
        told = [f"{way} {least[way]:.2f} s ({least[way] / least['together']:.1f} times)" for way in ways]
        print(f"64-32-10, {SEEDS} seeds, {EPOCHS} epochs, attack {name}: {', '.join(told)}")  # noqa: T201


def _each(trained: Callable[..., object], problem: Problem, regime: Regime) -> None:
    for seed in range(SEEDS):
        trained(problem, regime, [seed])


def _rounds(ways: dict[str, Callable[[], object]]) -> list[list[float]]:
    return [[seconds(work) for work in ways.values()] for _ in range(ROUNDS)]


if __name__ == "__main__":
    main()
