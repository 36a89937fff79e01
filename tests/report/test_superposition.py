"""Occupations and heat capacity against two levels and against derivatives."""

import numpy as np

from landscape.report.superposition import heat_capacity, occupations, temperatures


def test_two_levels() -> None:
    energy, determinant, orbit = np.array([0.0, 1.0]), np.array([2.0, 0.0]), np.log([4.0, 8.0])
    temperature = np.array([0.1, 0.5, 2.0])
    ratio = 2.0 * np.exp(1.0) * np.exp(-1.0 / temperature)
    found = occupations(energy, determinant, orbit, temperature)
    np.testing.assert_allclose(found[:, 1], ratio / (1.0 + ratio), rtol=1e-13)
    expected = 3.0 / 2.0 + ratio / (1.0 + ratio) ** 2 / temperature**2
    np.testing.assert_allclose(heat_capacity(energy, found, temperature, 3), expected, rtol=1e-12)


def test_heat_capacity_is_the_derivative_of_the_mean_energy() -> None:
    random = np.random.default_rng(0)
    energy, determinant, orbit = random.random(30), 10.0 * random.random(30), random.random(30)
    temperature, step = np.geomspace(0.01, 1.0, 7), 1e-6

    def mean(at: np.ndarray) -> np.ndarray:
        return 5 * at / 2.0 + occupations(energy, determinant, orbit, at) @ energy

    slope = (mean(temperature * (1 + step)) - mean(temperature * (1 - step))) / (2 * step * temperature)
    found = heat_capacity(energy, occupations(energy, determinant, orbit, temperature), temperature, 5)
    np.testing.assert_allclose(found, slope, rtol=1e-6)


def test_the_grid_scales_with_the_energies_and_needs_two_of_them() -> None:
    energy = np.array([0.3, 0.5, 0.4])
    np.testing.assert_allclose(temperatures(energy)[[0, -1]], [0.2e-4, 0.2])
    np.testing.assert_allclose(temperatures(7.0 * energy - 1.0), 7.0 * temperatures(energy))
    assert len(temperatures(np.ones(2))) == 0
