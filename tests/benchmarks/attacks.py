"""PGD on many minima at once, compared with foolbox, which takes one model at a time: ``python -m
tests.benchmarks.attacks``.

Both take 40 steps of 2.5 epsilon / 40 from the samples themselves, on the same networks, inputs and radius, on one
thread, in double precision; ours judges every iterate, foolbox the last one. Rounds of the two alternate in one
process, and each counts its process CPU time. Needs the extra `oracles`. Compare ratios of one run.

A second table has the cost of each attack of a measurement at its default settings.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from statistics import median

import click
import foolbox
import torch

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.attacks.nearest import NORMS, nearest
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.noise import under_noise
from landscape.properties.attacks.pgd import sign_ascent
from landscape.properties.attacks.table import ATTACKS
from landscape.properties.draws import with_draws
from tests.benchmarks.machine import processor

STEPS, EPSILON = 40, 0.3
RANGE = 100.0  # range of the inputs that foolbox allows
SETTINGS = MeasureConfig(epsilon=(EPSILON,))


@click.command()
@click.option("--minima", type=click.IntRange(min=1), default=64, show_default=True, help="Minima at a time.")
@click.option("--models", type=click.IntRange(min=1), default=32, show_default=True, help="Models of foolbox a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds of both.")
def main(minima: int, models: int, rounds: int) -> None:
    """Print seconds per 1000 minima of iris-10 and their ratio, then seconds of each attack."""
    torch.set_num_threads(1)
    networks = iris_networks(minima)
    width = torch.full((len(networks.inputs),), EPSILON, dtype=torch.float64)
    modules = [networks.problem.module(theta.numpy()).eval() for theta in networks.theta[:models]]
    sign_ascent(networks, networks.start, width, STEPS)  # compiles the code
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: sign_ascent(networks, networks.start, width, STEPS)) / minima)
        theirs.append(seconds(lambda: by_foolbox(networks, modules)) / len(modules))
    ratios = [other / own for own, other in zip(ours, theirs, strict=True)]
    click.echo(f"| PGD-{STEPS}, 150 samples, one epsilon | landscape | foolbox {version('foolbox')} | ratio |")
    click.echo("|---|---|---|---|")
    click.echo(
        f"| s per 1000 minima | {figures(ours)} | {figures(theirs)} | "
        f"**{min(theirs) / min(ours):.1f}** ({median(ratios):.1f}) |\n\n"
        "| attack, one epsilon or one norm | s per 1000 minima |\n|---|---|"
    )
    for name, attack in attacks(networks, width).items():
        attack()
        click.echo(f"| {name} | {figures([seconds(attack) / minima for _ in range(rounds)])} |")
    click.echo(
        f"\nOne core of {processor()}, {datetime.now(UTC):%Y-%m-%d}; torch {version('torch')}; {minima} minima at a "
        f"time; best of {rounds} rounds (median); bold: best to best (median of the rounds' ratios)."
    )


def iris_networks(minima: int) -> Networks:
    """Random networks 4-10-3 on iris; an attack costs the same there as at a minimum."""
    problem = Problem(dataset="iris", hidden=[10], l2=1e-3)
    theta = torch.randn(minima, problem.n_parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return Networks(problem, theta, with_draws(problem.inputs, problem.targets, SETTINGS))


def by_foolbox(networks: Networks, modules: list[torch.nn.Module]) -> None:
    """Run the attack of foolbox on one model after the other."""
    attack = foolbox.attacks.LinfPGD(rel_stepsize=2.5 / STEPS, steps=STEPS, random_start=False)
    for module in modules:
        model = foolbox.PyTorchModel(module, bounds=(-RANGE, RANGE), device="cpu")
        attack(model, networks.samples.inputs, networks.samples.targets, epsilons=[EPSILON])


def attacks(networks: Networks, width: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Each attack of a measurement at its default effort, by name."""
    return {
        **{attack.name: partial(attack.run, networks, width, SETTINGS) for attack in ATTACKS},
        "noise": lambda: under_noise(networks, width),
        "distances, infinity norm": lambda: nearest(networks, NORMS["linf"], SETTINGS.distance_limit),
        "distances, Euclidean": lambda: nearest(networks, NORMS["l2"], SETTINGS.distance_limit),
    }


def seconds(work: Callable[[], object]) -> float:
    """Process CPU seconds of a piece of work."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def figures(each: list[float]) -> str:
    """Seconds per 1000 minima, best (median)."""
    return f"{1000 * min(each):.3g} ({1000 * median(each):.3g})"


if __name__ == "__main__":
    main()
