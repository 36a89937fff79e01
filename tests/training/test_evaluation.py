"""Ensembles and preprocessing, against other implementations."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from landscape.config.training import Evaluation
from landscape.errors import ConfigError
from landscape.training.evaluation import ensemble_outputs, preprocessed
from tests.training.reference import iris


def evaluation(**keys: float) -> Evaluation:
    return Evaluation(regime="plain", **keys)  # type: ignore[arg-type]


def test_rounding_to_a_grid() -> None:
    inputs = torch.tensor([[-0.6, 0.2, 0.26, 1.0]], dtype=torch.float64)
    np.testing.assert_allclose(preprocessed(inputs, evaluation(quantise=0.5)), [[-0.5, 0.0, 0.5, 1.0]])
    assert torch.equal(preprocessed(inputs, evaluation()), inputs)


def test_smoothing_is_a_gaussian_blur_of_the_image() -> None:
    image = torch.zeros(1, 15, 15, dtype=torch.float64)
    image[0, 7, 6] = 1.0
    found = preprocessed(image.flatten(1), evaluation(smooth=0.8)).view(15, 15)
    np.testing.assert_allclose(found, gaussian_filter(image[0].numpy(), 0.8, truncate=6.0), atol=1e-6)
    flat = torch.ones(2, 3, 64, dtype=torch.float64)
    np.testing.assert_allclose(preprocessed(flat, evaluation(smooth=2.0)), flat)


def test_smoothing_of_no_image() -> None:
    with pytest.raises(ConfigError, match="expected inputs that are a square image, found 5: set it to 0"):
        preprocessed(torch.zeros(2, 5), evaluation(smooth=1.0))


def test_an_ensemble_is_the_mean_of_the_probabilities() -> None:
    problem = iris()
    theta = np.random.default_rng(0).normal(size=(3, problem.n_parameters))
    outputs = ensemble_outputs(problem.network, torch.tensor(theta), problem.inputs)
    modules = [problem.module(member)(problem.inputs).softmax(1) for member in theta]
    np.testing.assert_allclose(outputs.exp(), torch.stack(modules).mean(0).detach(), rtol=1e-12)
    assert torch.equal(outputs.softmax(1).argmax(1), outputs.argmax(1))
