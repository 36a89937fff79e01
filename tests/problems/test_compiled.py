"""The compiled energy against the batched tensors of `network.py`."""

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numba import config
from torch import Tensor

from landscape.numerics.pointers import call
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.energies import compiled
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.compiled import CompiledEnergy
from landscape.problems.energies.form import Definition
from landscape.problems.energies.hessians import compiled_bend
from landscape.problems.energies.layers import sample_columns
from landscape.problems.energy import fastest_form
from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.layers import BLAS_FROM
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.losses import LOSSES, CrossEntropy

L2 = 3e-3
BENT = [name for name, one in ACTIVATIONS.items() if one.bend is not None]


@pytest.fixture(params=["blocks", "lanes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Forces the way of computing: samples in blocks, or walkers side by side."""
    limit = 10**9 if request.param == "lanes" else 0
    monkeypatch.setattr(compiled, "LANES_SAMPLES", limit)
    monkeypatch.setattr(compiled, "LANES_PARAMETERS", limit)
    name: str = request.param
    return name


class UncompiledLoss(CrossEntropy):
    """A loss without a compiled form."""

    name = "unknown"


def network_of(sizes: list[int], activation: str = "tanh") -> DenseNetwork:
    return DenseNetwork.from_sizes(sizes, ACTIVATIONS[activation])


def data(sizes: list[int], samples: int, loss: str) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(0)
    inputs = torch.tensor(random.normal(size=(samples, sizes[0])))
    labels = torch.tensor(random.integers(0, sizes[-1], samples))
    return inputs, LOSSES[loss].encode(labels, sizes[-1])


def points(network: DenseNetwork, walkers: int, scale: float = 1.0) -> Tensor:
    return scale * torch.tensor(np.random.default_rng(1).normal(size=(walkers, network.n_parameters)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", KINDS)
@pytest.mark.parametrize("samples", [4, 67, 1000], ids=lambda n: f"N={n}")
@pytest.mark.parametrize("sizes", [[1, 2], [4, 10, 3], [7, 5, 6, 2], [20, 30, 9, 10]], ids=str)
@pytest.mark.usefixtures("way")
def test_it_is_the_energy_of_batched_tensors(sizes: list[int], samples: int, activation: str, loss: str) -> None:
    network, (inputs, encoded) = network_of(sizes, activation), data(sizes, samples, loss)
    theta = points(network, 5)
    value, slope = network.energy_and_gradient(theta, inputs, LOSSES[loss], encoded)
    energy, gradient = CompiledEnergy(Definition(network, inputs, LOSSES[loss], encoded, L2)).energy_and_gradient(theta)
    torch.testing.assert_close(energy, value + L2 * theta.square().sum(1), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(gradient, slope + 2 * L2 * theta, rtol=1e-12, atol=1e-12 * float(slope.abs().max()))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", KINDS)
@pytest.mark.parametrize("sizes", [[4, 10, 3], [7, 5, 6, 2], [20, 30, 9, 10]], ids=str)
def test_its_rough_function_is_the_energy_to_the_precision_of_float32(
    sizes: list[int], activation: str, loss: str
) -> None:
    network, (inputs, encoded) = network_of(sizes, activation), data(sizes, 1000, loss)
    theta = points(network, 5)
    compiled_one = CompiledEnergy(Definition(network, inputs, LOSSES[loss], encoded, L2))
    value, slope = compiled_one.energy_and_gradient(theta)
    energy, gradient = torch.empty_like(value), torch.empty_like(slope)
    rough = compiled_one.kernel().rough
    assert rough is not None
    call(rough, theta.numpy(), energy.numpy(), gradient.numpy())
    torch.testing.assert_close(energy, value, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient, slope, rtol=0, atol=2e-6 * float(slope.abs().max()))
    assert not torch.equal(gradient, slope)


def test_the_cases_cover_loops_and_library_calls_and_several_blocks() -> None:
    assert max(30 * 20, 30 * 9) > BLAS_FROM > max(4 * 10, 7 * 5, 5 * 6)
    assert sample_columns(np.array([20, 30, 9, 10]), 1000) < 500


@pytest.mark.parametrize("scale", [1e2, 1e5, 1e150])
@pytest.mark.usefixtures("way")
def test_far_away_nothing_overflows_before_the_reference_does(scale: float) -> None:
    network, (inputs, encoded) = network_of([4, 10, 3]), data([4, 10, 3], 40, "cross_entropy")
    theta = points(network, 3, scale)
    value, slope = network.energy_and_gradient(theta, inputs, LOSSES["cross_entropy"], encoded)
    energy, gradient = CompiledEnergy(
        Definition(network, inputs, LOSSES["cross_entropy"], encoded, 0.0)
    ).energy_and_gradient(theta)
    torch.testing.assert_close(energy, value, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradient, slope, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("l2", [0.0, L2])
@pytest.mark.usefixtures("way")
def test_what_is_no_number_stays_none(bad: float, l2: float) -> None:
    network, (inputs, encoded) = network_of([4, 10, 3]), data([4, 10, 3], 40, "cross_entropy")
    theta = points(network, network.n_parameters)
    theta.diagonal().fill_(bad)
    energy = CompiledEnergy(Definition(network, inputs, LOSSES["cross_entropy"], encoded, l2)).energy(theta)
    assert not energy.isfinite().any()


@pytest.mark.bits
@pytest.mark.parametrize("samples", [12, 100], ids=["lanes", "blocks"])
@given(drawn=st.data())
def test_a_walker_does_not_depend_on_its_neighbours(samples: int, drawn: st.DataObject) -> None:
    network, (inputs, encoded) = network_of([9, 24, 3]), data([9, 24, 3], samples, "cross_entropy")
    compiled_energy = CompiledEnergy(Definition(network, inputs, LOSSES["cross_entropy"], encoded, L2))
    assert compiled_energy.in_lanes == (samples == 12)
    energy, theta = compiled_energy.energy_and_gradient, points(network, 40)
    rows = drawn.draw(st.lists(st.integers(0, 39), min_size=1, max_size=37))
    for together, alone in zip(energy(theta), energy(theta[rows]), strict=True):
        assert torch.equal(together[rows], alone)


def test_it_is_used_where_it_is_faster() -> None:
    inputs, encoded = data([4, 10, 3], 40, "mse")
    definition = Definition(network_of([4, 10, 3]), inputs, LOSSES["mse"], encoded, L2)
    assert isinstance(fastest_form(definition), CompiledEnergy)
    for other in (
        definition._replace(network=network_of([4, 10, 3], "gelu")),
        definition._replace(inputs=inputs.to("meta")),
        definition._replace(loss=UncompiledLoss()),
    ):
        assert isinstance(fastest_form(other), BatchedEnergy)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", BENT)
@pytest.mark.parametrize("samples", [4, 67, 1000], ids=lambda n: f"N={n}")
@pytest.mark.parametrize("sizes", [[1, 1, 2], [4, 10, 3], [7, 3, 5], [20, 30, 4]], ids=str)
def test_its_hessian_is_that_of_batched_tensors(sizes: list[int], samples: int, activation: str, loss: str) -> None:
    network, (inputs, encoded) = network_of(sizes, activation), data(sizes, samples, loss)
    theta = points(network, 3)
    expected = network.hessian(theta, inputs, LOSSES[loss], encoded)
    expected.diagonal(dim1=1, dim2=2).add_(2 * L2)
    hessian = CompiledEnergy(Definition(network, inputs, LOSSES[loss], encoded, L2)).hessian
    assert hessian is not None
    found = hessian(theta)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13 * float(expected.abs().max()))
    assert torch.equal(found, found.mT)
    assert torch.equal(found[1:2], hessian(theta[1:2]))


def test_its_hessian_is_for_one_hidden_layer_and_tables_that_fit() -> None:
    inputs, encoded = data([4, 10, 3], 40, "mse")

    def has_hessian(network: DenseNetwork) -> bool:
        definition = Definition(network, inputs[:, : network.n_inputs], LOSSES["mse"], encoded, L2)
        return compiled_bend(definition) is not None

    assert has_hessian(network_of([4, 10, 3]))
    assert not has_hessian(network_of([4, 3]))
    assert not has_hessian(network_of([4, 10, 10, 3]))
    assert not has_hessian(network_of([4, 10, 3], "silu"))
    assert not has_hessian(network_of([4, 10, 3], "gelu"))
    wide = torch.zeros(40, 1000, dtype=torch.float64)
    network = network_of([1000, 1, 3])
    assert CompiledEnergy(Definition(network, wide, LOSSES["mse"], encoded, L2)).hessian is None


def test_an_empty_cache_is_told_from_a_filled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, (inputs, encoded) = network_of([4, 10, 3]), data([4, 10, 3], 40, "mse")
    CompiledEnergy(Definition(network, inputs, LOSSES["mse"], encoded, L2)).energy(points(network, 1))
    assert compiled.compiled_before()
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    assert not compiled.compiled_before()


@pytest.mark.usefixtures("way")
def test_threads_and_copies_do_not_share_room_to_work_in() -> None:
    network, (inputs, encoded) = network_of([4, 10, 3]), data([4, 10, 3], 200, "cross_entropy")
    energy = CompiledEnergy(Definition(network, inputs, LOSSES["cross_entropy"], encoded, L2))
    many = [points(network, 300, scale) for scale in (0.1, 1.0, 2.0, 3.0)]
    expected = [copy.deepcopy(energy).energy(theta) for theta in many]
    with ThreadPoolExecutor(4) as threads:
        for found, alone in zip(threads.map(energy.energy, many * 20), expected * 20, strict=True):
            assert torch.equal(found, alone)
