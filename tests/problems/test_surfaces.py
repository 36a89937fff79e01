from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from landscape.objective import Objective
from landscape.problems.surfaces.analytic import KnownPoint, LennardJones, MuellerBrown, SixHumpCamel, Surface

PLANE = [MuellerBrown(), SixHumpCamel()]
SURFACES: list[Surface] = [*PLANE, LennardJones(2), LennardJones(7)]
KNOWN = [(surface, point) for surface in PLANE for point in surface.known]


def name(value: object) -> str:
    return f"{value.energy}" if isinstance(value, KnownPoint) else type(value).__name__


def points(surface: Surface, walkers: int = 5, seed: int = 0) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).uniform(-1.5, 1.5, (walkers, surface.n_parameters)))


def moved(theta: np.ndarray, seed: int) -> np.ndarray:
    """The same clusters [W, P], each shifted, turned, reflected and with its atoms in another order."""
    random = np.random.default_rng(seed)
    copies = []
    for atoms in theta.reshape(len(theta), -1, 3):
        turn = Rotation.random(rng=random).as_matrix() * random.choice([-1.0, 1.0])
        copies.append(random.permutation(atoms @ turn + random.normal(size=3)).ravel())
    return np.array(copies)


@pytest.mark.parametrize("surface", SURFACES, ids=name)
def test_surfaces_are_objectives(surface: Surface) -> None:
    assert isinstance(surface, Objective)


@pytest.mark.parametrize("surface", SURFACES, ids=name)
def test_the_gradient_is_that_of_autograd(surface: Surface) -> None:
    theta = points(surface).requires_grad_()
    energy, gradient = surface.energy_and_gradient(theta)
    (expected,) = torch.autograd.grad(energy.sum(), theta)
    torch.testing.assert_close(gradient, expected, rtol=1e-11, atol=1e-9)
    assert torch.equal(surface.energy(theta.detach()), energy.detach())


@pytest.mark.parametrize("surface", PLANE, ids=name)
def test_the_hessian_is_the_derivative_of_the_gradient(surface: Surface) -> None:
    theta = points(surface)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda t: surface.energy_and_gradient(t[None])[1][0]))
    torch.testing.assert_close(surface.hessian(theta), jacobian(theta), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("surface", SURFACES, ids=name)
def test_products_with_the_hessian_and_rows_of_a_batch_agree(surface: Surface) -> None:
    theta, vector = points(surface), points(surface, seed=1)
    hessian = surface.hessian(theta)
    torch.testing.assert_close(
        surface.hessian_vector_product(theta, vector), torch.einsum("wij,wj->wi", hessian, vector), rtol=1e-11, atol=0
    )
    alone = torch.cat([surface.hessian(theta[row : row + 1]) for row in range(len(theta))])
    torch.testing.assert_close(hessian, alone, rtol=1e-11, atol=1e-11 * float(hessian.abs().max()))


@pytest.mark.parametrize(("surface", "point"), KNOWN, ids=name)
def test_known_points_are_stationary_with_their_index_and_energy(surface: Surface, point: KnownPoint) -> None:
    theta = torch.tensor([point.theta], dtype=torch.float64)
    gradient = surface.energy_and_gradient(theta)[1]
    hessian = surface.hessian(theta)
    newton = torch.linalg.solve(hessian[0], gradient[0])
    assert newton.abs().max() < 6e-9
    assert abs(surface.energy(theta - newton).item() - point.energy) < 6e-9
    assert (torch.linalg.eigvalsh(hessian[0]) < 0).sum() == point.index


def test_known_energies_are_listed_by_index() -> None:
    camel = SixHumpCamel()
    np.testing.assert_array_equal(camel.known_energies(2), [2.49629535, 2.49629535])
    assert [len(camel.known_energies(index)) for index in range(3)] == [6, 7, 2]
    assert all(low <= high for low, high in pairwise(camel.known_energies(0)))


@pytest.mark.parametrize("n_atoms", [2, 3, 4, 7])
def test_rigid_motions_are_eigenvectors_of_the_cluster_with_eigenvalue_one(n_atoms: int) -> None:
    surface = LennardJones(n_atoms)
    theta = points(surface)
    atoms = theta.view(-1, n_atoms, 3)
    shift = torch.ones_like(atoms).flatten(1)
    turn = torch.linalg.cross(torch.tensor([0.3, -0.5, 0.8], dtype=torch.float64).expand_as(atoms), atoms).flatten(1)
    for motion in (shift, turn):
        torch.testing.assert_close(surface.hessian_vector_product(theta, motion), motion, rtol=1e-9, atol=1e-6)
        gradient = surface.energy_and_gradient(theta)[1]
        assert ((gradient * motion).sum(1).abs() <= 1e-13 * gradient.norm(dim=1) * motion.norm(dim=1)).all()


def test_the_hessian_of_a_pair_is_its_stretch() -> None:
    surface = LennardJones(2)
    length = 2.0 ** (1.0 / 6.0)
    theta = torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0, length]], dtype=torch.float64)
    values = torch.linalg.eigvalsh(surface.hessian(theta))[0]
    stretch = 2.0 * (4.0 * 156.0 / length**14 - 4.0 * 42.0 / length**8)
    np.testing.assert_allclose(values, [1.0, 1.0, 1.0, 1.0, 1.0, stretch], rtol=1e-10)
    assert abs(surface.energy(theta).item() + 1.0) < 1e-14


def test_the_hessian_of_a_cluster_is_the_derivative_of_the_gradient_beside_rigid_motions() -> None:
    surface = LennardJones(4)
    theta = points(surface)
    values, vectors = torch.linalg.eigh(surface.hessian(theta))
    curved = torch.where(((values - 1.0).abs() > 1e-6)[:, None], vectors, 0.0)
    inner = curved @ curved.mT
    jacobian = torch.func.vmap(torch.func.jacrev(lambda t: surface.energy_and_gradient(t[None])[1][0]))(theta)
    expected = inner @ jacobian @ inner
    scale = float(jacobian.abs().max())
    torch.testing.assert_close(inner @ surface.hessian(theta) @ inner, expected, rtol=1e-9, atol=1e-11 * scale)
    assert (curved.abs().sum(1) > 0).sum() == len(theta) * (12 - 6)


def test_copies_of_a_cluster_are_at_no_distance_and_have_the_same_energy() -> None:
    surface = LennardJones(7)
    theta = points(surface).numpy()
    copies = moved(theta, seed=3)
    np.testing.assert_allclose(surface.symmetry.distance(copies, theta), 0.0, atol=1e-12)
    assert (surface.symmetry.distance(copies[1:], theta[:-1]) > 0.1).all()
    torch.testing.assert_close(
        surface.energy(torch.tensor(copies)), surface.energy(torch.tensor(theta)), rtol=1e-10, atol=0
    )


def test_alignment_lays_a_copy_on_its_reference() -> None:
    symmetry = LennardJones(7).symmetry
    theta = points(LennardJones(7)).numpy()
    np.testing.assert_allclose(symmetry.align(moved(theta, seed=4), theta), theta, atol=1e-9)


def test_alignment_never_brings_a_cluster_farther_away_and_keeps_what_it_is() -> None:
    symmetry = LennardJones(7).symmetry
    theta, reference = points(LennardJones(7)).numpy(), points(LennardJones(7), seed=9).numpy()
    aligned = symmetry.align(theta, reference)
    centred = symmetry.canonical(theta) - symmetry.canonical(reference)
    assert (np.linalg.norm(aligned - reference, axis=1) <= np.linalg.norm(centred, axis=1)).all()
    np.testing.assert_allclose(symmetry.distance(aligned, theta), 0.0, atol=1e-12)


def test_the_representative_of_a_cluster_is_centred_and_stays_where_it_is() -> None:
    symmetry = LennardJones(7).symmetry
    theta = points(LennardJones(7)).numpy()
    canonical = symmetry.canonical(theta)
    np.testing.assert_allclose(canonical.reshape(-1, 7, 3).mean(axis=1), 0.0, atol=1e-15)
    np.testing.assert_allclose(symmetry.canonical(canonical), canonical, atol=1e-15)
    np.testing.assert_allclose(symmetry.canonical(theta + 1e-9), canonical, atol=1e-8)
    np.testing.assert_array_equal(symmetry.log_orbit_size(theta), np.zeros(len(theta)))
