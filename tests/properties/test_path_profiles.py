"""Profiles along paths: values for ends other than the stored minima, and refusals."""

import numpy as np
import pytest

import landscape
from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.properties.path_profiles import profiles
from tests.campaign.xor import HASTE, xor
from tests.properties.small_problems import small_problem

SETTINGS = MeasureConfig(epsilon=(0.1,), pgd_steps=1, pgd_restarts=1)


def test_a_path_runs_from_the_first_minimum_to_the_second_or_is_unknown() -> None:
    problem = xor()
    db = landscape.explore(problem, walkers=8, steps=4, connect={"rounds": 2, "single_ended": 0}, measure=HASTE)
    states = db.transition_states
    energies = db.minima.energy[states.minima]
    row = int(np.argmax(np.ptp(energies, axis=1)))
    theta, ends = states.parameters[[row, row, row]], db.minima.parameters[states.minima[[row, row, row]]].copy()
    ends[1] = ends[1, ::-1]
    ends[2] += 0.01
    found = profiles(problem, theta, ends, 1e-4, SETTINGS)
    energy = found["path_energy"].values
    np.testing.assert_allclose(energy[0, [0, 40]], energies[row], atol=1e-9)
    np.testing.assert_allclose(energy[1], energy[0, ::-1], atol=1e-9)
    for name, (values, *_) in found.items():
        assert np.isfinite(values[:2]).all(), name
        assert np.isnan(values[2]).all(), name
    accuracies = ("certified_accuracy_crown", "robust_accuracy", "pgd_accuracy")
    certified, robust, pgd = (found[f"path_{name}"].values[0, :, 0] for name in accuracies)
    assert (certified <= robust).all()
    assert (robust <= pgd).all()
    assert (pgd <= found["path_accuracy"].values[0]).all()


def test_kinks_are_refused() -> None:
    problem = small_problem("relu", [3])
    theta = np.ones((1, problem.n_parameters))
    with pytest.raises(PropertyError, match=r"found an activation with kinks \(relu\): measure without --paths"):
        profiles(problem, theta, np.stack([theta, theta], 1), 1e-4, SETTINGS)
