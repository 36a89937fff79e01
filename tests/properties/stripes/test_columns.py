"""Columns of networks on f_a: radii of the function, reliance, and the theorem on every network, right or wrong."""

import numpy as np
import pytest
import torch

from landscape.config.stripes import Stripes
from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.problems.constructions import stable_network
from landscape.problems.data.stripes import radii
from landscape.problems.problem import Problem
from landscape.properties.catalogue import available_groups
from landscape.properties.measure import measure
from landscape.properties.stripes.changes import least_wrong
from landscape.properties.stripes.geometry import Geometry


def stripes(hidden: int, activation: str, dataset: str, *, standardise: bool = False) -> Problem:
    return Problem(dataset=dataset, standardise=standardise, hidden=[hidden], activation=activation, l2=1e-5)


def columns(problem: Problem, theta: np.ndarray) -> dict[str, np.ndarray]:
    found = measure(problem, theta, ("loss", "stripes"), MeasureConfig())
    return {name: one.values for name, one in found.items()}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_stable_network_has_the_radii_of_the_function_on_all_samples(activation: str) -> None:
    problem = stripes(5, activation, "f_a:K=6,delta=0.4,jitter=0.3")
    assert problem.config is not None
    found = columns(problem, stable_network(problem.config)[None])
    for part in ("", "test_"):
        assert found[f"{part}accuracy"] == found[f"{part}stable_share"] == 1.0
        assert abs(found[f"{part}relative_stability_least"][0] - 1.0) < 1e-6
        assert abs(found[f"{part}certified_stability_least"][0] - 0.999) < 1e-6
        assert found[f"{part}unstable_points"] == found[f"{part}cue_reliance"] == 0.0
    assert found["sign_changes"] == 5
    own = Geometry.of(problem).radii(problem.inputs).numpy()
    np.testing.assert_allclose(found["radius"][0][:-1], own[:-1], rtol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("dataset", ["f_a:K=12,delta=0.25,jitter=0.25", "f_a:K=6,delta=0.0"])
def test_every_network_obeys_the_theorem(activation: str, dataset: str) -> None:
    problem = stripes(2, activation, dataset)
    theta = np.random.default_rng(0).normal(size=(5, problem.n_parameters)) * np.array(
        [[0.1], [1.0], [1.0], [5.0], [9.0]]
    )
    theta[0, -1] += 5.0  # one that always answers 1
    found = columns(problem, theta)
    k = len(problem.inputs)
    for row in range(5):
        least = least_wrong(k - 1, found["sign_changes"][row])
        assert found["unstable_points"][row] >= max(least, round(k * (1.0 - found["accuracy"][row])))
        assert found["swayed_points"][row] >= found["unstable_points"][row]
    assert (found["certified_radius"] <= found["radius"]).all()


def test_a_classifier_by_the_cue_has_the_radius_delta_and_full_reliance() -> None:
    problem = stripes(2, "relu", "f_a:K=6,delta=0.2")
    theta = np.array([[0, 1, 0, -1, 0, 0, -1, 1, 1, -1, 0, 0]], dtype=np.float64)  # z = relu(x_2) - relu(-x_2), twice
    found = columns(problem, theta)
    np.testing.assert_allclose(found["radius"][0], 0.2, rtol=1e-8)
    assert found["accuracy"] == 1.0
    assert found["cue_reliance"][0] == pytest.approx(1.0)
    assert found["unstable_points"] == 6
    assert found["sign_changes"] == 0
    np.testing.assert_allclose(found["relative_stability_least"], 0.2 / radii(Stripes(K=6))[0])


def test_reliance_agrees_with_differences() -> None:
    problem = stripes(3, "tanh", "f_a:K=6,delta=0.3")
    theta = np.random.default_rng(2).normal(size=(1, problem.n_parameters))

    def z(shift: float) -> np.ndarray:
        moved = problem.inputs + torch.tensor([0.0, shift])
        outputs = problem.network.outputs(torch.tensor(theta), moved)[0].numpy()
        return np.asarray(outputs[:, 1] - outputs[:, 0])

    expected = np.mean(np.abs((z(1e-5) - z(-1e-5)) / 2e-5) * 0.3 / np.abs(z(0.0)))
    assert columns(problem, theta)["cue_reliance"][0] == pytest.approx(expected, rel=1e-6)


def test_standardised_inputs_have_the_same_shares_in_their_own_units() -> None:
    plain = Problem(dataset="f_a:K=6,delta=0.3", standardise=False, hidden=[2])
    scaled = Problem(dataset="f_a:K=6,delta=0.3", standardise=True, hidden=[2])
    own, other = Geometry.of(plain), Geometry.of(scaled)
    deviation = plain.inputs.std(0, correction=0)
    torch.testing.assert_close(other.radii(scaled.inputs), own.radii(plain.inputs) / deviation[0])
    assert other.cue == pytest.approx(0.3 / deviation[1].item())
    assert other.middle == pytest.approx(-plain.inputs[:, 1].mean().item() / deviation[1].item(), abs=1e-12)


def test_other_data_have_no_stripes_and_are_told_so_in_one_line() -> None:
    xor = Problem(dataset="xor", standardise=False, hidden=[2])
    assert "stripes" not in available_groups(xor)
    assert "stripes" in available_groups(stripes(2, "tanh", "f_a"))
    with pytest.raises(
        PropertyError, match=r"^stripes need the data set f_a, found xor: leave the group 'stripes' out"
    ):
        measure(xor, np.zeros((1, xor.n_parameters)), ("stripes",), MeasureConfig())
    with pytest.raises(PropertyError, match="drawn and then standardised: set standardise = false"):
        Geometry.of(stripes(2, "tanh", "f_a:jitter=0.1", standardise=True))
