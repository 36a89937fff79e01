"""`landscape train`: equal on any number of ranks and after resumption, in explored landscapes, and refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

import landscape
from tests.campaign.commands import (
    XOR,
    assert_equal_bytes,
    command,
    done,
    environment,
    launched,
    needs_mpi,
    run_file,
    tables,
)
from tests.commands import status_of

TRAIN = """
[train]
epochs = 3
seeds = 3
task_seeds = 2
round_tasks = 2
batch_size = 2
[train.regimes.plain]
[train.regimes.early]
early_stopping = 1
validation_fraction = 0.25
[train.regimes.pgd]
adversarial = "pgd"
attack_steps = 2
[train.evaluations.all]
regime = "pgd"
ensemble = true
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return run_file(tmp_path, XOR + TRAIN)


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit status and both outputs of `landscape ARGUMENTS` in this process."""
    status, captured = status_of(*arguments), capsys.readouterr()
    return status, captured.out + captured.err


@pytest.mark.bits
@needs_mpi
def test_ranks_and_resuming_change_nothing(source: Path, tmp_path: Path) -> None:
    whole, parts, ranks = (tmp_path / f"{name}.h5" for name in ("whole", "parts", "ranks"))
    lines = [
        ["train", source, "-o", whole],
        ["train", source, "-o", parts, "--time-limit", "0s"],
        ["train", source, "-o", parts, "--resume"],
    ]
    several = Path(__file__).parents[1] / "several.py"
    result = done(launched(0, several, *(json.dumps([str(word) for word in line]) for line in lines)))
    assert "exit statuses [0, 75, 0]" in result.stdout
    done(command(2, "train", source, "-o", ranks), environment())
    assert_equal_bytes(whole, parts)
    assert_equal_bytes(whole, ranks)
    assert "trained networks (+" in result.stderr
    assert "plain" in result.stdout


def test_regimes_join_an_explored_landscape_of_the_same_problem(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, alone = tmp_path / "a.h5", tmp_path / "b.h5"
    small = ["--set", "basin_hopping.steps=1", "--set", "connect.rounds=0", "--set", "connect.single_ended=0"]
    assert said(capsys, "run", source, "-o", path, *small)[0] == 0
    explored = tables(path)
    assert said(capsys, "train", source, "-o", path, "--resume", "--regimes", "pgd")[0] == 0
    assert said(capsys, "train", source, "-o", path, "--resume")[0] == 0
    assert said(capsys, "train", source, "-o", alone, "--set", "train.task_seeds=3")[0] == 0
    joined = tables(path)
    for name in explored:
        if not name.startswith(("training", "rounds")):
            assert joined[name].tobytes() == explored[name].tobytes(), name
    with landscape.open(path) as db, landscape.open(alone) as other:
        assert list(db.regimes) == ["pgd", "plain", "early"]
        assert list(other.regimes) == ["plain", "early", "pgd"]
        assert db.evaluations == other.evaluations
        assert 'regime = "pgd"' in db.evaluations["all"]
        for name in db.regimes:
            ours, theirs = (list(each.regimes).index(name) == each.training.regime for each in (db, other))
            assert db.training.seed[ours].tolist() == [0, 1, 2]
            assert db.training.parameters[ours].tobytes() == other.training.parameters[theirs].tobytes()
        assert np.isfinite(db.training.parameters).all()
    status, text = said(capsys, "train", source, "-o", path, "--resume", "--set", "train.seeds=4")
    assert (status, "12 trained networks (+1)" in text) == (0, True)
    status, text = said(capsys, "info", path)
    assert status == 0
    assert "networks" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--regimes", "pdg"], "--regimes: there is no regime 'pdg'; did you mean 'pgd'?"),
        (["--set", "train.regimes.pgd.attack_step=3"], "[train.regimes.pgd] attack_step is unknown; did you mean"),
        (["--set", "train.regimes.pgd.trades=3.0"], "regime 'pgd': expected adversarial or trades, found both"),
        (["--set", "train.evaluations.all.regime='pg'"], "there is no regime 'pg'; did you mean 'pgd'?"),
        (["--set", "train.momentum=1.0"], "[train] momentum: expected a number less than 1, found 1.0"),
        (["--set", "problem.loss='mse'", "--set", "train.regimes.t.trades=1.0"], "trades: expected the loss"),
        (["--set", "train.regimes.early.validation_fraction=0.9"], "found 0.9, which is 4 of them: change it"),
        (["--set", "train.regimes.early.validation_fraction=0.1"], "found 0.1, which is 0 of them: change it"),
        (["--set", "train.evaluations.all.smooth=1.0"], "a blur needs images"),
    ],
)
def test_mistakes_are_one_line(
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    status, text = said(capsys, "train", source, "-o", tmp_path / "a.h5", *arguments)
    assert (status, text.count("\n")) == (2, 1)
    assert message in text
    assert not (tmp_path / "a.h5").exists()


def test_what_cannot_be_continued(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.h5"
    assert said(capsys, "train", source, "-o", path, "--regimes", "plain")[0] == 0
    for arguments, message in (
        ([], "exists already"),
        (["--resume", "--set", "problem.l2=0.1"], "problem.l2 is 0.01 in it and 0.1 in the run file"),
        (["--resume", "--set", "train.epochs=4"], "regime 'plain' was trained with epochs = 3, found epochs = 4"),
    ):
        status, text = said(capsys, "train", source, "-o", path, *arguments)
        assert status == 2
        assert message in text.splitlines()[-1]
    status, text = said(capsys, "train", source, "-o", path, "--resume", "--set", "basin_hopping.walkers=7")
    assert status == 0, text
