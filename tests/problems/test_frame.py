import tomllib
from dataclasses import replace

import numpy as np
import pytest
import torch

from landscape.campaign.surfaces.lengths import in_units_of_length
from landscape.errors import SearchError
from landscape.problems.surfaces.analytic import LennardJones, SixHumpCamel
from landscape.problems.surfaces.frame import Box, Frame, framed, power_of_two
from tests.campaign.energies import rastrigin
from tests.database.samples import assert_equal_contents, contents, new_store, sample_commit

CAMEL = SixHumpCamel()
BOX = Box(np.array([-40.0, -30.0]), np.array([40.0, 34.0]))
FRAME = Frame.around(BOX)
THETA = torch.tensor(np.random.default_rng(0).uniform(-1.5, 1.5, (7, 2)))


def test_derivatives_are_those_in_units_of_length() -> None:
    objective = framed(CAMEL, FRAME)
    assert FRAME.length_unit == 8.0
    jacobian = torch.func.vmap(torch.func.jacrev(lambda u: CAMEL.energy(8.0 * u[None])[0]))
    energy, gradient = objective.energy_and_gradient(THETA)
    torch.testing.assert_close(energy, CAMEL.energy(8.0 * THETA))
    torch.testing.assert_close(gradient, jacobian(THETA), rtol=1e-10, atol=1e-6)
    hessian = torch.func.vmap(torch.func.jacrev(torch.func.jacrev(lambda u: CAMEL.energy(8.0 * u[None])[0])))(THETA)
    torch.testing.assert_close(objective.hessian(THETA), hessian, rtol=1e-10, atol=1e-6)
    product = objective.hessian_vector_product(THETA, THETA.flip(0))
    torch.testing.assert_close(product, torch.einsum("wij,wj->wi", hessian, THETA.flip(0)), rtol=1e-10, atol=1e-6)


def test_a_search_ends_where_it_leaves_the_box() -> None:
    points = torch.tensor([[5.0, 4.25], [5.0, 4.26], [-5.1, 0.0], [torch.nan, 0.0]], dtype=torch.float64)
    energy, gradient = framed(CAMEL, FRAME).energy_and_gradient(points)
    assert energy.isfinite().tolist() == [True, False, False, False]
    assert energy[1:].isneginf().all()
    assert (gradient[1:] == 0.0).all()
    assert framed(CAMEL, Frame()) is CAMEL


def test_an_energy_below_the_floor_is_no_energy_to_search() -> None:
    objective = framed(rastrigin(), replace(Frame(), floor=10.0))
    with pytest.raises(SearchError, match="lower bound, found energies of 0"):
        objective.energy(torch.zeros(2, 2, dtype=torch.float64))


def test_a_symmetry_works_in_units_of_length() -> None:
    cluster = LennardJones(3)
    box = Box(np.full(9, -16.0), np.full(9, 16.0))
    symmetry = framed(cluster, Frame.around(box)).symmetry
    theta, reference = np.random.default_rng(1).normal(size=(2, 4, 9))
    plain = cluster.symmetry
    np.testing.assert_allclose(4.0 * symmetry.distance(theta, reference), plain.distance(4.0 * theta, 4.0 * reference))
    np.testing.assert_allclose(4.0 * symmetry.align(theta, reference), plain.align(4.0 * theta, 4.0 * reference))
    np.testing.assert_allclose(4.0 * symmetry.canonical(theta), plain.canonical(4.0 * theta))
    assert plain.align(theta[:0], theta[:0]).shape == plain.canonical(theta[:0]).shape == (0, 9)


@pytest.mark.parametrize("box", [None, BOX, Box(np.array([-2.0, -2.0]), np.array([1.5, 1.5]))])
def test_a_frame_is_kept_as_text(box: Box | None) -> None:
    frame = replace(Frame.around(box), energy_unit=2.0**-17)
    read = Frame.from_table(tomllib.loads(frame.to_toml())["frame"], 2)
    assert (read.energy_unit, read.length_unit) == (frame.energy_unit, frame.length_unit)
    for name in ("low", "high"):
        np.testing.assert_array_equal(getattr(read.box, name, None), getattr(frame.box, name, None))


def test_units_are_powers_of_two() -> None:
    assert [power_of_two(value) for value in (1.0, 3.1, 1e-7, 47.0)] == [1.0, 4.0, 2.0**-23, 64.0]


def test_a_store_in_units_of_length_commits_in_those_of_the_user() -> None:
    plain, other = new_store(None), new_store(None)
    seen = in_units_of_length(other, 0.25)
    for _ in range(2):
        commit = sample_commit(plain)
        plain.commit(commit)
        in_units = in_units_of_length(plain, 0.25).tables
        count = len(seen.tables.minima), len(seen.tables.transition_states)
        seen.commit(
            replace(
                commit,
                minima=in_units.minima.take(slice(count[0], None)),
                transition_states=in_units.transition_states.take(slice(count[1], None)),
                walkers=in_units.walkers,
                saddles=in_units.saddles.take(slice(len(seen.tables.saddles), None)),
            )
        )
    np.testing.assert_array_equal(seen.tables.minima.parameters, 4.0 * plain.tables.minima.parameters)
    np.testing.assert_array_equal(seen.tables.minima.lowest_eigenvalue, plain.tables.minima.lowest_eigenvalue / 16.0)
    np.testing.assert_array_equal(seen.tables.minima.rms_gradient, plain.tables.minima.rms_gradient / 4.0)
    ours, theirs = contents(other), contents(plain)
    for name in [name for name in ours if "log_determinant" in name]:
        np.testing.assert_allclose(ours.pop(name), theirs.pop(name), rtol=1e-12)
    assert_equal_contents(ours, theirs)
    assert in_units_of_length(plain, 1.0) is plain
