"""Training ten networks side by side against one at a time: `python -m tests.benchmarks.training`.

A 64-32-10 network on the digits, minibatches of 32, plain regime and FGSM: ours with all seeds in one batch, ours with
one seed at a time, and a torch module with torch's optimiser, one seed at a time. The least of three times each.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from landscape.config.training import Regime
from landscape.problems.problem import Problem
from landscape.training.train import train

SEEDS = 10
EPOCHS = 1


def module_alone(problem: Problem, regime: Regime, seed: int) -> None:
    """One network as one writes it with torch."""
    module = problem.module(np.zeros(problem.n_parameters))
    torch.manual_seed(seed)
    for layer in module:  # type: ignore[attr-defined]
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    optimiser = torch.optim.SGD(module.parameters(), lr=regime.learning_rate, momentum=regime.momentum)
    for _ in range(regime.epochs):
        for rows in torch.randperm(len(problem.inputs)).split(regime.batch_size):
            inputs, targets = problem.inputs[rows], problem.targets[rows]
            if regime.adversarial == "fgsm":
                point = inputs.clone().requires_grad_()
                loss = torch.nn.functional.cross_entropy(module(point), targets)
                inputs = inputs + regime.epsilon * torch.autograd.grad(loss, point)[0].sign()
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def least(work: Callable[[], object]) -> float:
    """The least of three times, in seconds."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Prints seconds and ratios."""
    torch.set_num_threads(1)
    for hidden in (16, 32):
        problem = Problem(dataset="digits", hidden=[hidden], test_fraction=0.2)
        for name in ("none", "fgsm"):
            regime = Regime(epochs=EPOCHS, adversarial=name)  # type: ignore[arg-type]
            together = least(lambda: train(problem, regime, range(SEEDS)))  # noqa: B023 - called at once
            alone = least(lambda: [train(problem, regime, [seed]) for seed in range(SEEDS)])  # noqa: B023
            modules = least(lambda: [module_alone(problem, regime, seed) for seed in range(SEEDS)])  # noqa: B023
            print(  # noqa: T201 - what it is for
                f"64-{hidden}-10, attack {name}: {SEEDS} seeds together {together:.2f} s, one at a time {alone:.2f} s "
                f"({alone / together:.1f} times), torch modules {modules:.2f} s ({modules / together:.1f} times)"
            )


if __name__ == "__main__":
    main()
