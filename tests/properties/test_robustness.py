"""The short measurement of robustness: the work it leaves out cannot change the answer."""

import numpy as np
import torch

from landscape.config.tables import MeasureConfig
from landscape.properties.attacks import apgd
from landscape.properties.attacks.pgd import projected_gradient
from landscape.properties.bounds.certificates import certified
from landscape.properties.requirements import require_layers
from landscape.properties.robustness import sample_short_robustness
from tests.properties.minima import networks_of
from tests.properties.small_problems import small_problem

SETTINGS = MeasureConfig(epsilon=(0.2,), pgd_steps=1, pgd_restarts=1, apgd_steps=10)


def test_apgd_on_what_is_open_alone_leaves_what_it_leaves_of_all_samples() -> None:
    problem = small_problem("tanh", [6])
    theta = torch.tensor(2.0 * np.random.default_rng(0).normal(size=(40, problem.n_parameters)))
    networks, half_width = networks_of(problem, theta, SETTINGS), torch.full((3,), 0.2, dtype=torch.float64)
    found = sample_short_robustness(problem, theta, networks.samples, half_width[None], SETTINGS)
    weak = projected_gradient(networks, half_width, 1).survived
    strong = apgd.on_loss(networks, half_width, 10).worse(apgd.on_dlr(networks, half_width, 10)).survived
    proven = certified(require_layers(problem), theta, problem.inputs, problem.targets, half_width)
    expected = {
        "pgd_accuracy": weak,
        "robust_accuracy": weak & strong,
        "certified_accuracy_crown": proven["certified_accuracy_crown"],
    }
    for name, mask in expected.items():
        assert torch.equal(found[name][..., 0], mask.to(torch.float64)), name
    assert (weak & ~strong).any()
    assert (strong & ~proven["certified_accuracy_crown"]).any()
