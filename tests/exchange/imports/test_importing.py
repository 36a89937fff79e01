"""Points come back as they were, through every format; what is no stationary point is refused by its number."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import landscape
from landscape.campaign.context import Context
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import context_of
from landscape.config.run_file import RunConfig
from landscape.database.database import Database
from landscape.database.store import Store
from landscape.errors import ExchangeError
from landscape.exchange.completion import finished
from landscape.exchange.format import FilePoints
from landscape.exchange.formats import FORMATS, READABLE, read_points
from landscape.exchange.imports.assembly import Assembly, imported
from tests.campaign.xor import HASTE
from tests.exchange.conftest import written
from tests.exchange.group import copies

COMPUTED = {
    "minima": ("parameters", "energy", "rms_gradient", "lowest_eigenvalue", "log_determinant", "log_orbit_size"),
    "transition_states": (
        *("parameters", "energy", "rms_gradient", "eigenvalue", "log_determinant", "log_orbit_size"),
        *("lowest_positive_eigenvalue", "sides_ambiguous"),
    ),
}


@pytest.fixture(scope="module")
def context(run_file: Path) -> Context:
    return context_of(RunConfig.from_toml(run_file), "cpu")


@pytest.fixture(scope="module")
def points(second: Path, tmp_path_factory: pytest.TempPathFactory) -> FilePoints:
    """The points of a search, by rising energy."""
    folder = written(second, tmp_path_factory.mktemp("points") / "out", "pathsample")
    return read_points(FORMATS["pathsample"], folder, 12, trusted=False)


def taken_in(context: Context, points: FilePoints) -> tuple[Store, Assembly]:
    return imported(context, points, LocalPool(context.execute), lambda: None, lambda: False)


def altered(points: FilePoints, **columns: np.ndarray) -> FilePoints:
    return replace(points, **columns)


def moved(values: np.ndarray, row: int, shift: object) -> np.ndarray:
    found = values.copy()
    found[row] += shift
    return found


def test_all_formats_bring_the_same_points(points: FilePoints, second: Path, tmp_path: Path) -> None:
    assert len(READABLE) == 3
    for name, form in READABLE.items():
        found = read_points(form, written(second, tmp_path / name, name), 12, trusted=True)
        order = np.argsort(found.states_energy, kind="stable")
        other = np.argsort(points.states_energy, kind="stable")
        np.testing.assert_array_equal(found.minima, points.minima)
        np.testing.assert_array_equal(found.minima_energy, points.minima_energy)
        np.testing.assert_array_equal(found.states_energy[order], points.states_energy[other])
        np.testing.assert_array_equal(
            np.sort(found.states.sum(1)), np.sort(points.states.sum(1))
        )  # states of equal energy may change places


def test_the_file_is_as_before_and_any_other(
    context: Context, points: FilePoints, second: Path, tmp_path: Path
) -> None:
    store, assembly = taken_in(context, points)
    assert list(assembly.lines()) == []
    finished(context, store, tmp_path / "again.h5")
    with h5py.File(second) as before, h5py.File(tmp_path / "again.h5") as after:
        order = np.argsort(before["minima/energy"][()], kind="stable")
        for table, names in COMPUTED.items():
            count = int(before[table].attrs["count"])
            assert after[table].attrs["count"] == count
            rows = order if table == "minima" else np.arange(count)
            for name in names:
                difference = np.abs(after[table][name][()] * 1.0 - before[table][name][()][rows])
                assert difference.max() <= 1e-12, (table, name)
        place = np.argsort(order)
        np.testing.assert_array_equal(
            after["transition_states/minima"][()], np.sort(place[before["transition_states/minima"][()]], axis=1)
        )
        assert (after["minima/hits"][()] == 0).all()
        assert (after["transition_states/found_from"][()] == -1).all()
        assert [kind.decode() for kind in after["rounds/kind"][()]] == ["import", "depths"]
        assert "pgd_accuracy" not in after["properties/minima"]
    assert landscape.verify(tmp_path / "again.h5") == []
    found = landscape.measure(tmp_path / "again.h5", "loss")
    assert np.isfinite(found.properties("minima")["accuracy"].values).all()
    found.close()


def test_a_search_goes_on_from_imported_points(
    context: Context, points: FilePoints, run_file: Path, tmp_path: Path
) -> None:
    store, _ = taken_in(context, points)
    finished(context, store, tmp_path / "again.h5")
    problem = landscape.Problem.from_toml(run_file)
    limits: dict[str, Any] = {
        "connect": {"rounds": 0, "single_ended": 0},
        "measure": HASTE,
        "basin_hopping": {"round_steps": 1},
    }
    with landscape.explore(problem, path=tmp_path / "again.h5", walkers=8, steps=1, resume=True, **limits) as found:
        assert "basin_hopping" in found.rounds.kind
        assert found.minima.hits[: len(points.minima)].sum() > 0
        np.testing.assert_array_equal(found.minima.parameters[: len(points.minima)], store.tables.minima.parameters)


def test_copies_are_kept_once_and_in_canonical_form(context: Context, points: FilePoints) -> None:
    images = np.array(list(copies(points.minima[0])))
    doubled = altered(
        points,
        minima=np.concatenate([points.minima, images]),
        minima_energy=np.append(points.minima_energy, np.full(8, points.minima_energy[0])),
        minima_number=np.arange(len(points.minima) + 8),
    )
    store, assembly = taken_in(context, doubled)
    assert assembly.minima_row.tolist() == [*range(len(points.minima)), *[0] * 8]
    assert [line for line in assembly.lines() if "8 minima are copies of others" in line]
    np.testing.assert_array_equal(store.tables.minima.parameters, points.minima)


def test_points_that_are_nearly_stationary_are_converged(context: Context, points: FilePoints) -> None:
    near = altered(points, minima=moved(points.minima, 0, 1e-7), states=moved(points.states, 0, 1e-7))
    store, assembly = taken_in(context, near)
    assert assembly.refused == []
    assert np.abs(store.tables.minima.parameters - points.minima).max() < 1e-10
    assert np.abs(store.tables.transition_states.parameters - points.states).max() < 1e-10
    assert store.tables.minima.rms_gradient.max() < 1e-10


def test_what_is_no_stationary_point_is_refused_by_its_number(context: Context, points: FilePoints) -> None:
    wrong = altered(
        points,
        minima=np.concatenate([moved(points.minima, 1, 0.1), points.states[:1]]),
        minima_energy=np.append(moved(points.minima_energy, 2, 1e-3), points.states_energy[0]),
        minima_number=np.arange(1, len(points.minima) + 2),
        states=np.concatenate([moved(points.states, 0, 0.05), points.minima[:1]]),
        states_energy=np.append(points.states_energy, points.minima_energy[0]),
        states_number=np.arange(1, len(points.states) + 2),
        pairs=np.concatenate([points.pairs, [[0, 1]]]),
    )
    store, assembly = taken_in(context, wrong)
    told = dict(line.split(": ", 1) for line in assembly.refused)
    last = f"minimum {len(points.minima) + 1}", f"transition state {len(points.states) + 1}"
    assert set(told) == {"minimum 2", "minimum 3", "transition state 1", *last}
    assert told["minimum 2"].startswith("RMS gradient 0.0")
    assert told["minimum 3"].startswith("energy 0.5")
    assert told[last[0]] == "1 negative Hessian eigenvalues, expected 0"
    assert told[last[1]] == "0 negative Hessian eigenvalues, expected 1"
    assert (assembly.minima_row < 0).sum() == 3
    assert len(store.tables.transition_states) == len(points.states) - 1


def test_sides_are_ours_and_missing_minima_are_added(context: Context, points: FilePoints) -> None:
    lied = altered(points, pairs=np.zeros_like(points.pairs))
    store, assembly = taken_in(context, lied)
    honest = (points.pairs == 0).all(1).sum()
    assert assembly.other_pairs == len(points.pairs) - honest > 0
    np.testing.assert_array_equal(store.tables.transition_states.minima, np.sort(points.pairs, axis=1))
    few = altered(
        points,
        minima=points.minima[:1],
        minima_energy=points.minima_energy[:1],
        minima_number=points.minima_number[:1],
        pairs=np.zeros_like(points.pairs),
    )
    store, assembly = taken_in(context, few)
    known = Database(store).minima.energy
    joined = np.unique(points.minima_energy[points.pairs])
    assert assembly.beyond == len(known) - 1
    np.testing.assert_allclose(np.sort(known), np.union1d(joined, points.minima_energy[:1]), rtol=0.0, atol=1e-9)
    assert "minima that the file lacks lie below" in " ".join(assembly.lines())


def test_energies_with_kinks_are_refused(points: FilePoints, run_file: Path) -> None:
    config = RunConfig.from_toml(run_file).override(['problem.activation="relu"'])
    with pytest.raises(ExchangeError, match="expected an energy with Hessians"):
        taken_in(context_of(config, "cpu"), points)
