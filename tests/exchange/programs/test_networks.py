"""Networks of minima give the same outputs as the problem when other libraries evaluate them."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from safetensors.torch import load_file
from scipy.special import erf

import landscape
from landscape.database.database import Database
from landscape.errors import ExchangeError
from landscape.exchange.programs.networks import _write_onnx
from tests.exchange.conftest import written


def outputs(problem: landscape.Problem, theta: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    found = problem.network.outputs(torch.tensor(theta[None]), torch.tensor(inputs))
    return np.asarray(found[0])


class Erf(OpRun):
    """The error function in double precision; that of the reference evaluator has eight digits."""

    op_domain = ""

    def _run(self, x: np.ndarray) -> tuple[np.ndarray]:
        return (erf(x),)


def evaluated(model: onnx.ModelProto, inputs: np.ndarray) -> np.ndarray:
    (found,) = ReferenceEvaluator(model, new_ops=[Erf]).run(None, {"inputs": inputs})
    assert isinstance(found, np.ndarray)
    return found


def test_networks_of_chosen_minima_give_the_same_outputs(db: Database, first: Path, tmp_path: Path) -> None:
    folder, problem = written(first, tmp_path / "out", "networks", rows=(2, 0)), landscape.problem_of(first)
    told = list(csv.DictReader((folder / "networks.csv").read_text().splitlines()))
    assert [row["minimum"] for row in told] == ["2", "0"]
    inputs = np.random.default_rng(0).normal(size=(5, 2))
    for row in told:
        theta = db.minima.parameters[int(row["minimum"])]
        expected = outputs(problem, theta, inputs)
        model = onnx.load(folder / row["network"])
        onnx.checker.check_model(model, full_check=True)
        found = evaluated(model, inputs)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-12)
        module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 2)).double()
        module.load_state_dict(load_file(folder / row["parameters"]))
        np.testing.assert_allclose(module(torch.tensor(inputs)).detach(), expected, rtol=0.0, atol=1e-12)
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize(
    "table",
    [
        {"hidden": [3], "activation": "gelu"},
        {"hidden": [3], "activation": "softplus"},
        {"hidden": [2, 2], "activation": "silu"},
        {"hidden": [], "convolution": [{"channels": 2, "kernel": 3, "pool": 2}]},
    ],
    ids=str,
)
def test_all_kinds_of_layers_are_written(table: dict[str, Any], tmp_path: Path) -> None:
    problem = landscape.Problem(dataset="digits", subset=20, l2=1e-3, **table)
    theta = np.random.default_rng(0).normal(size=problem.n_parameters) * 0.3
    path, inputs = tmp_path / "network.onnx", problem.inputs[:4].numpy()
    _write_onnx(problem.module(theta).eval(), problem.inputs[:1], path)
    found = evaluated(onnx.load(path), inputs)
    np.testing.assert_allclose(found, outputs(problem, theta, inputs), rtol=0.0, atol=1e-12)


def test_a_missing_package_is_named(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ExchangeError, match=r"expected the package onnx, found none: pip install .*\[networks\]"):
        written(first, tmp_path / "out", "networks")
    assert list(tmp_path.iterdir()) == []
