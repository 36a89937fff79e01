"""A merge is the union of its files by brute force over the symmetry; the order of the files changes nothing."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import landscape
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import ExchangeError
from landscape.exchange.completion import finished
from landscape.exchange.merges.merging import merged
from landscape.graph.far_sides import far_sides
from tests.database.altering import altered
from tests.exchange.group import place_of


def joined(target: Path, *files: Path) -> list[str]:
    """Merge files into a new one; returns the lines for the user."""
    databases = [Database(open_store(file)) for file in files]
    context, store, lines = merged(databases)
    finished(context, store, target)
    for db in databases:
        db.close()
    return lines


@pytest.fixture(scope="module")
def both(first: Path, second: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "both.h5"
    joined(path, first, second)
    return path


def table(path: Path, name: str) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {column: file[name][column][: file[name].attrs["count"]] for column in file[name]}


def test_points_are_the_union_and_hits_their_sum(first: Path, second: Path, both: Path) -> None:
    for name in ("minima", "transition_states"):
        parts, whole = [table(path, name) for path in (first, second)], table(both, name)
        union: list[np.ndarray] = []
        hits = np.zeros(len(whole["energy"]), dtype=int)
        for part in parts:
            for row, theta in enumerate(part["parameters"]):
                if not union or place_of(theta, np.array(union)) < 0:
                    union.append(theta)
                if name == "minima":
                    hits[place_of(theta, whole["parameters"])] += part["hits"][row]
        assert len(union) == len(whole["energy"])
        assert all(place_of(theta, whole["parameters"]) >= 0 for theta in union)
        assert len(union) > len(parts[0]["energy"]) or name == "minima"
        if name == "minima":
            np.testing.assert_array_equal(whole["hits"], hits)


def test_sides_attempts_and_origins_are_renumbered(first: Path, second: Path, both: Path) -> None:
    whole, states = table(both, "minima"), table(both, "transition_states")
    attempts, round_before, attempt_before = table(both, "attempts"), 0, 0
    for path in (first, second):
        row = np.array([place_of(theta, whole["parameters"]) for theta in table(path, "minima")["parameters"]])
        own, tried = table(path, "transition_states"), table(path, "attempts")
        state = np.array([place_of(theta, states["parameters"]) for theta in own["parameters"]])
        np.testing.assert_array_equal(states["minima"][state], np.sort(row[own["minima"]], axis=1))
        part = slice(attempt_before, attempt_before + len(tried["round"]))
        expected = np.where(tried["minima"] >= 0, row[tried["minima"]], -1)
        np.testing.assert_array_equal(attempts["minima"][part], expected)
        np.testing.assert_array_equal(attempts["round"][part], tried["round"] + round_before)
        again = tried["state"] >= 0
        np.testing.assert_array_equal(attempts["state"][part][again], state[tried["state"][again]])
        round_before += len(table(path, "rounds")["tasks"])
        attempt_before = part.stop
    assert attempt_before == len(attempts["round"])


def test_rounds_tell_when_points_were_found_first(first: Path, second: Path, both: Path) -> None:
    rounds = table(both, "rounds")
    assert rounds["new_minima"].sum() == len(table(both, "minima")["energy"])
    assert rounds["new_transition_states"].sum() == len(table(both, "transition_states")["energy"])
    parts = [table(path, "rounds") for path in (first, second)]
    kinds = [kind for part in parts for kind in part["kind"].tolist()]
    assert rounds["kind"].tolist() == [*kinds, b"merge", b"depths"]
    for name in ("tasks", "evaluations", "seconds"):
        np.testing.assert_array_equal(rounds[name][:-2], np.concatenate([part[name] for part in parts]))
    np.testing.assert_array_equal(rounds["new_minima"][: len(parts[0]["kind"])], parts[0]["new_minima"])


def far(path: Path) -> np.ndarray:
    """Parameters of the minima on far sides of searches."""
    minima, states, attempts = (table(path, name) for name in ("minima", "transition_states", "attempts"))
    again = attempts["state"] >= 0
    sides = np.concatenate([states["minima"], states["minima"][attempts["state"][again]]])
    begun = np.concatenate([states["found_from"], attempts["minima"][again]])
    found = far_sides(len(minima["energy"]), sides, begun)
    assert found is not None
    parameters: np.ndarray = minima["parameters"][found]
    return parameters


def test_far_sides_of_both_searches_stay_known(first: Path, second: Path, both: Path) -> None:
    known, parts = far(both), [far(path) for path in (first, second)]
    assert all(place_of(theta, known) >= 0 for part in parts for theta in part)
    assert all(any(place_of(theta, part) >= 0 for part in parts) for theta in known)


def test_the_order_of_files_changes_nothing(first: Path, second: Path, both: Path, tmp_path: Path) -> None:
    joined(tmp_path / "other.h5", second, first)
    with h5py.File(both) as one, h5py.File(tmp_path / "other.h5") as other:

        def same(name: str, item: h5py.Dataset | h5py.Group) -> None:
            if isinstance(item, h5py.Dataset) and name not in ("rounds/seconds", "digests"):
                np.testing.assert_array_equal(item[()], other[name][()], err_msg=name)

        one.visititems(same)
        assert one["problem"].attrs["run_toml"] == other["problem"].attrs["run_toml"]


def test_walkers_stay_at_their_minima_where_a_file_has_one_twice(first: Path, second: Path, tmp_path: Path) -> None:
    twice = Path(shutil.copy(first, tmp_path / "twice.h5"))
    with altered(twice) as file:
        for name in ("energy", "parameters"):
            file["minima"][name][1] = file["minima"][name][0]
        last = file["minima"].attrs["count"] - 1
        file["walkers/minimum"][:] = last
        theta = file["minima/parameters"][last]
    joined(tmp_path / "a.h5", twice, second)
    whole = table(tmp_path / "a.h5", "minima")
    at = set(table(tmp_path / "a.h5", "walkers")["minimum"].tolist())
    assert at == {place_of(theta, whole["parameters"])}


def test_a_search_comes_before_an_imported_file(first: Path, second: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copy(first, tmp_path / "bare.h5"))
    with altered(bare) as file:
        file["minima/hits"][:] = 0
        file["walkers"].attrs["count"] = 0
    joined(tmp_path / "a.h5", bare, second)
    assert len(table(tmp_path / "a.h5", "walkers")["minimum"]) == len(table(second, "walkers")["minimum"]) > 0
    with h5py.File(tmp_path / "a.h5") as file, h5py.File(second) as search:
        assert file["problem"].attrs["run_toml"] == search["problem"].attrs["run_toml"]


def test_the_file_is_verified_and_measured_as_any_other(both: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(both, tmp_path / "a.h5"))
    assert landscape.verify(path) == []
    found = landscape.measure(path, "robustness")
    assert np.isfinite(found.properties("minima")["pgd_accuracy"].values).all()
    assert np.isfinite(found.properties("minima")["depth"].values).all()
    found.close()


def test_values_keep_one_meaning(first: Path, second: Path, tmp_path: Path) -> None:
    lines = joined(tmp_path / "a.h5", first, second)
    assert sum("were measured with other settings, such as another seed" in line for line in lines) == 1
    with Database(open_store(tmp_path / "a.h5")) as db, Database(open_store(first)) as own:
        kept, known = db.properties("minima"), own.properties("minima")
        for name in ("pgd_accuracy", "hessian_trace"):  # the seed is a setting of both
            np.testing.assert_array_equal(kept[name].values[: len(own.minima)], known[name].values)
            assert kept[name].settings == known[name].settings
        assert np.isnan(kept["pgd_accuracy"].values[len(own.minima) :]).all()
        assert np.isfinite(kept["accuracy"].values).all()  # no setting matters to it, so any file's value is kept
        assert kept["depth"].settings["minima"] == len(db.minima)


def changed(path: Path, target: Path, old: str, new: str) -> Path:
    """A copy of a file with another run file."""
    shutil.copy(path, target)
    with altered(target) as file:
        text = file["problem"].attrs["run_toml"]
        assert old in text
        file["problem"].attrs["run_toml"] = text.replace(old, new)
    return target


def test_files_that_are_no_independent_searches_are_refused(
    first: Path, second: Path, both: Path, tmp_path: Path
) -> None:
    same = Path(shutil.copy(first, tmp_path / "same.h5"))
    other = changed(second, tmp_path / "other.h5", "l2 = 0.01", "l2 = 0.02")
    data = Path(shutil.copy(second, tmp_path / "data.h5"))
    with altered(data) as file:
        file["problem"].attrs["sha256"] = "0" * 64
    loose = changed(second, tmp_path / "loose.h5", "distance_tolerance = ", "distance_tolerance = 1")
    for files, message in (
        ((first, same), "expected another seed than 0, that of .* searches with equal seeds are the same search"),
        ((first, first), "expected another seed than 0"),
        ((first, other), r"problem.l2 is 0.0[12] in it and 0.0[12] in .*: leave one out"),
        ((first, data), "its data differ from those of"),
        ((first, loose), "identity.distance_tolerance is"),
        ((second, both), "found several that were merged: merge all at once"),
    ):
        with pytest.raises(ExchangeError, match=message):
            joined(tmp_path / "no.h5", *files)
    assert not (tmp_path / "no.h5").exists()
