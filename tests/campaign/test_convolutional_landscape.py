"""The landscape of a small convolutional network, from its run file: explored, verified and measured again."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import landscape
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from tests.commands import status_of

RUN = """
[problem]
dataset = "digits"
classes = [0, 1, 7]
subset = 30
convolution = [{ channels = 2, kernel = 3, pool = 3 }]
hidden = []
l2 = 1e-3
[basin_hopping]
walkers = 4
steps = 3
[connect]
rounds = 1
pairs = 2
single_ended = 0
[measure]
epsilon = [0.1]
pgd_steps = 2
pgd_restarts = 1
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("convolution")
    (folder / "run.toml").write_text(RUN)
    wider = "problem.convolution=[{ channels = 3, pool = 3 }]"
    assert status_of("run", folder / "run.toml", "-o", folder / "a.h5", "--set", wider) == 0
    return folder / "a.h5"


def test_the_run_file_is_that_of_the_network(database: Path) -> None:
    with h5py.File(database) as file:
        assert (
            "convolution = [{ channels = 3, kernel = 3, stride = 1, padding = 0, pool = 3 }]"
            in file["problem"].attrs["toml"]
        )
    db = landscape.open(database)
    assert db.minima.parameters.shape[1] == 3 * 10 + 3 * (3 * 2 * 2 + 1)
    assert np.isfinite(db.minima.lowest_eigenvalue).all()


def test_every_point_is_what_it_says(database: Path) -> None:
    assert status_of("verify", database) == 0


def by_epsilon(file: h5py.File, name: str) -> dict[float, np.ndarray]:
    """Values [M] of a property of the minima at each of its epsilons."""
    stored = file[f"properties/minima/{name}"]
    count = int(file["minima"].attrs["count"])
    return dict(zip(json.loads(stored.attrs["settings"])["epsilon"], stored[:count].T, strict=True))


def test_it_is_measured_again(database: Path) -> None:
    assert status_of("measure", database, "sensitivity", "--epsilon", "0.05,0.2") == 0
    with h5py.File(database) as file:
        count = int(file["minima"].attrs["count"])
        certified, robust = (by_epsilon(file, name) for name in ("certified_accuracy_crown", "robust_accuracy"))
        assert all((certified[epsilon] <= robust[epsilon]).all() for epsilon in robust)
        assert by_epsilon(file, "sensitivity_logits_crown").keys() == robust.keys() | {0.05, 0.2}
        assert file["properties/minima/spectral_norm"].shape == (count, 2)


def test_a_stored_network_is_the_one_that_was_explored(database: Path) -> None:
    db = landscape.open(database)
    keys = {"dataset": "digits", "classes": ["0", "1", "7"], "subset": 30, "hidden": [], "l2": 1e-3}
    problem = Problem(**keys, convolution=[{"channels": 3, "pool": 3}])  # type: ignore[arg-type] # keys of a run file
    assert isinstance(problem.network, LayeredNetwork)
    energy = problem.energy(torch.tensor(db.minima.parameters))
    np.testing.assert_allclose(energy, db.minima.energy, rtol=0, atol=1e-12)
