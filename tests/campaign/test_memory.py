"""Numbers of a run file that ask for more memory than there may be, and memory that runs out all the same."""

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import landscape
from landscape.campaign.exits import is_users, one_line
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.preparation import prepared_context, record_of
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.sampling import ROUND_PAIRS, SamplePairs, SampleQuenches
from landscape.campaign.rounds.training import Train
from landscape.campaign.sequences import exploring
from landscape.campaign.session import run_campaign
from landscape.config.run_file import RunConfig, Settings
from landscape.database.database import Database
from landscape.database.tables import Tables
from landscape.errors import ConfigError, LandscapeError
from landscape.limits import SEARCH
from landscape.search.bands import straight_bands
from tests.campaign.energies import Himmelblau
from tests.campaign.stopping import StoppingPool
from tests.campaign.xor import xor

REFUSED = "expected at most 4 GiB of numbers, found"


def test_a_network_above_the_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match=rf"\[problem\]: {REFUSED} 74.5 GiB in the 10000600002 parameters of the"):
        landscape.Problem(dataset="xor", hidden=[100_000, 100_000])


HUGE = 10**12
POINTS = ("basin_hopping.walkers", "quench.memory", "connect.min_images", "sample.quenches", "train.seeds")
DRAWS = ("measure.pgd_restarts", "measure.noise_draws", "measure.search_queries")
"""Keys that size arrays."""
BOUNDED = (
    *("problem.subset", "problem.subset_part", "problem.held_out", "problem.downscale", "problem.image"),
    *("problem.convolution", "problem.hidden"),
)
"""Keys that the data or the network bound."""
LONG = (
    *("problem.adversarial_steps", "basin_hopping.round_steps", "measure.pgd_steps", "measure.apgd_steps"),
    *("train.epochs", "train.attack_steps", "connect.pairs", "sample.attempts"),
)
"""Keys of loops and of rounds, which take long."""
SEEDS = ("run.seed", "problem.subset_seed")
COUNTED = (
    *("explore.lowest", "explore.searches", "explore.evaluations", "basin_hopping.steps", "basin_hopping.task_walkers"),
    *("basin_hopping.patience", "quench.max_iterations", "connect.task_pairs", "connect.rounds", "connect.max_images"),
    *("connect.retries", "connect.single_ended", "saddles.max_index", "saddles.rounds", "sample.pairs"),
    *("train.batch_size", "train.early_stopping", "train.task_seeds", "train.round_tasks"),
)
"""Keys that are limits of something else, so that memory does not grow with them."""


def tables_with(*keys: str, value: int = HUGE) -> dict[str, dict[str, object]]:
    """Tables of a run file in which these keys have the value."""
    tables: dict[str, dict[str, object]] = {}
    for table, _, key in (name.partition(".") for name in keys):
        tables.setdefault(table, {})[key] = value
    return tables


def test_every_whole_number_of_a_run_file_is_of_one_of_these_kinds() -> None:
    declared = [
        f"{table}.{key}"
        for table, of_table in RunConfig.model_fields.items()
        for key, field in getattr(of_table.annotation, "model_fields", {}).items()
        if re.search(r"\bint\b|Convolution", str(field.annotation))
    ]
    assert sorted(declared) == sorted((*POINTS, *DRAWS, *BOUNDED, *LONG, *COUNTED, *SEEDS))


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("value", [10**9, HUGE])
def test_points_above_the_limit_are_refused(name: str, value: int) -> None:
    tables, (table, _, key) = tables_with(name, value=value), name.partition(".")
    if key == "min_images":
        tables[table]["max_images"] = value
    refused = rf"^\[{table}\] {key}: {REFUSED} [\d.e+]+ GiB in \d+ points of"
    with pytest.raises(ConfigError, match=f"{refused} 12 parameters; take less"):
        landscape.explore(xor(), **tables)  # type: ignore[arg-type] # tables beside the named arguments
    with pytest.raises(ConfigError, match=f"{refused} 2 parameters; take less"):
        landscape.explore(Himmelblau(), start=(-5.0, 5.0), **tables)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("value", [10**9, HUGE])
def test_draws_above_the_limit_are_refused(name: str, value: int) -> None:
    key = name.partition(".")[2]
    with pytest.raises(
        ConfigError, match=rf"^\[measure\] {key}: {REFUSED} [\d.e+]+ GiB in {value} \w+ .*of 2 features;"
    ):
        landscape.explore(xor(), **tables_with(name, value=value))  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"dataset": f"f_a:copies={HUGE}"}, "f_a: copies: expected at most 2 GiB of numbers, found 8.94e"),
        ({"hidden": [HUGE]}, rf"\[problem\]: {REFUSED}"),
        ({"convolution": [{"channels": 1, "padding": HUGE, "pool": HUGE}]}, rf"\[problem\] convolution: {REFUSED}"),
        ({"convolution": [{"channels": HUGE}]}, rf"\[problem\] convolution: {REFUSED}"),
        ({"convolution": [{"channels": 1, "kernel": HUGE}]}, "expected the window of a convolution"),
        ({"convolution": [{"channels": 1, "pool": HUGE}]}, "expected the window of a convolution"),
        ({"image": [HUGE, 1, 1], "convolution": [{"channels": 1}]}, "whose product is 64"),
        ({"subset": HUGE}, "expected a subset of at most the 1797 samples"),
        ({"subset": 10, "subset_part": HUGE}, "expected problem.subset_part below 179"),
        ({"subset": 10, "held_out": HUGE}, "expected held_out of at most the 1787 samples"),
        ({"downscale": HUGE}, "expected a downscale that divides the 8 x 8 pixels"),
    ],
)
def test_data_and_networks_above_a_limit_are_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(LandscapeError, match=words):
        landscape.Problem(**({"dataset": "digits"} | keys))


def test_memory_does_not_grow_with_limits_of_something_else() -> None:
    """No array of a search, a sample or training has the size of such a key, or it could not be made."""
    few = {
        "basin_hopping": {"walkers": 3, "round_steps": 1},
        "connect": {"pairs": 1},
        "train": {"seeds": 2, "epochs": 1},
    }
    huge = tables_with(*COUNTED)
    tables = {name: few.get(name, {}) | huge.get(name, {}) for name in (few | huge)}
    tables["sample"]["quenches"] = 2
    context = prepared_context(xor(), Settings.from_table(tables), None)
    sampling, training = (SampleQuenches, SamplePairs), (partial(Train, names=()),)
    for phases, rounds in ((exploring(context), 5), (sampling, 2), (training, 1)):
        with Database(open_or_create(None, record_of(context), resume=False)) as db:
            run_campaign(context, db.store, StoppingPool(context, db, rounds), Silent(), Interrupt(), phases)
            assert len(db.rounds) == rounds


class ManyPairs(SamplePairs):
    """Pairs of a sample of a hundred thousand quenches."""

    def groups(self, tables: Tables) -> list[np.ndarray]:
        del tables
        return [np.arange(10**5)]

    def parameters(self, tables: Tables, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), tables.minima.parameters.shape[1]))


def test_pairs_of_a_sample_are_drawn_round_by_round() -> None:
    context = prepared_context(xor(), Settings.from_table(tables_with("sample.pairs")), None)
    with Database(open_or_create(None, record_of(context), resume=False)) as db:
        tables = db.store.tables
        phase = ManyPairs(context, LandscapeIndex(context, tables))
        plan = phase.plan(tables)
        assert plan is not None
        assert len(plan.tasks) == ROUND_PAIRS
        assert phase.planned_rounds(tables) == 10**5 * (10**5 - 1) // 2 // ROUND_PAIRS


def test_searches_of_a_round_above_the_limit_are_refused() -> None:
    tables = tables_with("connect.pairs", "connect.single_ended") | {"basin_hopping": {"walkers": 2, "steps": 1}}
    tables["connect"]["rounds"] = 0
    with pytest.raises(
        ConfigError, match=rf"^\[connect\] pairs: {REFUSED} .* GiB in \d+ searches from points of 12 param"
    ):
        landscape.explore(xor(), **tables)  # type: ignore[arg-type] # as above


def test_bands_above_the_limit_are_refused() -> None:
    ends = torch.zeros(8, 12, dtype=torch.float64)
    refused = rf"^bands between minima: {REFUSED} 7.15e\+03 GiB in 8 bands of 10000000000 images of 12 parameters"
    with pytest.raises(ConfigError, match=refused):
        straight_bands(ends, ends, 10**10)


def test_the_limit_of_points_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEARCH.variable, "1e-7")
    with pytest.raises(ConfigError, match=f"set the environment variable {SEARCH.variable} to more"):
        landscape.explore(Himmelblau(), start=(-5.0, 5.0))


@pytest.mark.parametrize("ask", [lambda: np.empty(2**55), lambda: torch.empty(2**50)], ids=["numpy", "torch"])
def test_memory_that_runs_out_is_one_line(ask: object) -> None:
    assert callable(ask)
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        ask()
    assert is_users(caught.value)
    assert one_line(caught.value).startswith("expected enough memory, found: ")
    assert "\n" not in one_line(caught.value)


def of_interpreter(text: str, *, cause: Exception | None = None, context: Exception | None = None) -> SystemError:
    """A SystemError that was raised from `cause`, or while `context` was handled."""
    error = SystemError(text)
    error.__cause__, error.__context__ = cause, context
    return error


def test_memory_that_runs_out_inside_an_index_is_one_line() -> None:
    text, lacking = "<method 'take'> returned a result with an exception set", MemoryError("Unable to allocate 3 GiB")
    for error in (of_interpreter(text, cause=lacking), of_interpreter(text, context=lacking)):
        assert is_users(error)
        assert one_line(error).startswith("expected enough memory, found: Unable to allocate 3 GiB; take fewer walkers")


def test_other_errors_of_torch_and_of_the_interpreter_are_no_users() -> None:
    assert not is_users(RuntimeError("The size of tensor a (2) must match the size of tensor b (3)"))
    assert not is_users(of_interpreter("unknown opcode"))
    assert not is_users(of_interpreter("returned a result with an exception set", cause=ValueError("wrong")))
