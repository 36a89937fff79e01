"""The table of attacks: a declaration alone adds an attack."""

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.properties import robustness
from landscape.properties.attacks.attack import Attack
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.attacks.table import ATTACKS
from landscape.properties.draws import with_draws
from landscape.properties.measure import measure, measured
from landscape.properties.robustness import ROBUSTNESS
from tests.properties.small_problems import small_problem

SETTINGS = MeasureConfig(epsilon=(0.1,), pgd_steps=2, pgd_restarts=1, apgd_steps=2, search_queries=5, noise_draws=1)


def _everything_falls(networks: Networks, half_width: Tensor, settings: MeasureConfig) -> Outcome:
    del half_width, settings
    return Outcome(torch.zeros_like(networks.clean.survived), networks.clean.loss + 100.0)


STRONGEST = Attack(name="oracle_accuracy", description="samples that an oracle leaves", run=_everything_falls)


def test_every_attack_of_the_table_has_a_property_of_the_group() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.accuracy for attack in ATTACKS} <= set(ROBUSTNESS.properties)


def test_an_attack_of_the_table_is_measured_and_counts_into_robust_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = small_problem("tanh", [3])
    theta = torch.tensor(np.random.default_rng(0).normal(size=(2, problem.n_parameters)))
    samples = with_draws(problem.inputs, problem.targets, SETTINGS)
    monkeypatch.setattr(robustness, "ATTACKS", (*ATTACKS, STRONGEST))
    monkeypatch.setattr(robustness, "_proven", lambda *_: {})  # the fake attack would contradict certificates
    monkeypatch.setattr(robustness, "_largest_certified", lambda *_: torch.zeros(2, 12, dtype=torch.float64))
    half_widths = torch.full((1, 3), 0.1, dtype=torch.float64)
    found = robustness.sample_robustness(problem, theta, samples, half_widths, SETTINGS)
    assert not found["oracle_accuracy"].any()
    assert not found["robust_accuracy"].any()
    assert found["pgd_accuracy"].any()
    assert (found["adversarial_loss"] >= 100.0).all()


def test_what_an_attack_needs_its_accuracy_needs_too() -> None:
    regression = small_problem("tanh", [3], loss="mse")
    for attack in ATTACKS:
        missing = attack.accuracy.missing(regression)
        assert missing is not None
        assert missing.words == "classes"
    found = measure(regression, np.zeros((1, regression.n_parameters)), ["robustness"], SETTINGS)
    assert set(found) == {"adversarial_loss", "noise_output_variance"}
    values = found["adversarial_loss"].values
    assert found["adversarial_loss"] == measured(values, robustness.ADVERSARIAL_LOSS, regression)
