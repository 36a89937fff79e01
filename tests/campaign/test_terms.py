"""Campaigns with terms in the energy: complete with smooth terms, minima alone with the adversarial term."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import landscape
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import prepared_context, record_of, stored_context
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.measuring import chosen_groups
from landscape.campaign.verification.verify import verify
from landscape.cli import cli
from landscape.config.run_file import Settings
from landscape.database.database import Database
from landscape.database.store import create_store, open_store
from landscape.errors import DatabaseError, PropertyError
from tests.campaign.xor import xor

BRIEF = """
[problem]
dataset = "xor"
standardise = false
hidden = [2]
l2 = 1e-2
{}
[basin_hopping]
walkers = 6
steps = 3
[connect]
pairs = 1
rounds = 1
single_ended = 1
[measure]
epsilon = [0.1]
pgd_steps = 1
pgd_restarts = 1
"""
TERMS = (
    "label_smoothing = 0.02\nl1 = 1e-4\nsensitivity_weight = 0.002\nsensitivity_epsilon = 0.1\njacobian_weight = 1e-4"
)
ADVERSARIAL = "adversarial_weight = 0.5\nadversarial_epsilon = 0.1\nadversarial_steps = 2"


def explored(folder: Path, terms: str) -> tuple[Path, str]:
    """A database of a run file with these keys, and the output of the run."""
    run_file, path = folder / "run.toml", folder / "a.h5"
    run_file.write_text(BRIEF.format(terms))
    result = CliRunner().invoke(cli, ["run", str(run_file), "-o", str(path)])
    assert result.exit_code == 0, result.output
    return path, result.stderr


def faults(path: Path) -> list[str]:
    with Database(open_store(path)) as db:
        context = stored_context(db.problem_record, "cpu")
        return verify(db, context, LocalPool(context.execute))


def test_a_landscape_with_smooth_terms_is_whole_and_verified(tmp_path: Path) -> None:
    path, said = explored(tmp_path, TERMS)
    assert "kinks" not in said
    assert faults(path) == []
    problem = landscape.Problem.from_toml(tmp_path / "run.toml")
    with landscape.open(path) as db:
        assert len(db.minima) >= 2
        assert len(db.transition_states) >= 1
        energy, gradient = problem.energy_and_gradient(torch.tensor(db.minima.parameters))
        np.testing.assert_allclose(energy, db.minima.energy, rtol=0, atol=1e-14)
        assert float(gradient.abs().max()) < 1e-9
        stored = db.properties("minima")
        assert "hessian_trace" in stored
    plain = xor()
    losses = torch.nn.functional.cross_entropy(
        plain.network.outputs(torch.tensor(db.minima.parameters), plain.inputs).flatten(0, 1),
        plain.targets.repeat(len(db.minima)),
        reduction="none",
    )
    np.testing.assert_allclose(stored["clean_loss"].values, losses.view(len(db.minima), -1).mean(1), atol=1e-12)


def test_a_file_that_is_older_than_a_key_is_continued(tmp_path: Path) -> None:
    problem = landscape.Problem(dataset="xor", hidden=[2])
    record = record_of(prepared_context(problem, Settings(), None))
    older = replace(record, run_toml=record.run_toml.replace("sensitivity_weight = 0.0\n", ""))
    create_store(tmp_path / "a.h5", older, ["found"], ["band"]).close()
    open_or_create(tmp_path / "a.h5", record, resume=True).close()
    changed = landscape.Problem(dataset="xor", hidden=[2], sensitivity_weight=0.1, sensitivity_epsilon=0.1)
    with pytest.raises(DatabaseError, match=r"sensitivity_epsilon is 0\.0 in it and 0\.1 in the run file"):
        open_or_create(tmp_path / "a.h5", record_of(prepared_context(changed, Settings(), None)), resume=True)


def test_an_adversarial_landscape_has_minima_alone(tmp_path: Path) -> None:
    path, said = explored(tmp_path, ADVERSARIAL)
    assert "found an adversarial term (adversarial_weight): only minima off the kinks" in said
    assert faults(path) == []
    with landscape.open(path) as db:
        assert len(db.minima) >= 1
        assert len(db.transition_states) == 0
        assert "hessian_trace" not in db.properties("minima")
        assert "pgd_accuracy" in db.properties("minima")
    problem = landscape.Problem.from_toml(tmp_path / "run.toml")
    with pytest.raises(PropertyError, match="smooth energy, found an adversarial term"):
        chosen_groups(problem, ["hessian_trace"])
