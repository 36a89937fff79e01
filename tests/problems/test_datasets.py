"""Data sets: known ones, files, subset, split, standardisation, and one helpful line for each fault."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from landscape.config.fields import DATASETS, FILE_SUFFIXES, IMAGE_FOLDERS
from landscape.errors import DataError
from landscape.problems.data.datasets import KNOWN, DataSet, from_arrays, load
from landscape.problems.data.files import READERS
from landscape.problems.data.images import IMAGE_FOLDERS as IMAGE_SET_FOLDERS
from landscape.problems.networks.losses import check_targets
from tests.problems.faults import fault

SHAPES = {
    "xor": (4, 2, 2),
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
    "breast_cancer": (569, 30, 2),
    "digits": (1797, 64, 10),
    "moons": (200, 2, 2),
    "mnist_5k": (5000, 1024, 10),
}
INPUTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 6.0], [5.0, 5.0]])
LABELS = np.array([0, 1, 1, 0])


def save_npz(path: Path, **named: np.ndarray) -> str:
    file = path / "data.npz"
    np.savez(file, **named)  # type: ignore[arg-type] # numpy's stub takes the names for its own options
    return str(file)


def save_h5(path: Path, **named: np.ndarray) -> str:
    file = path / "data.h5"
    with h5py.File(file, "w") as out:
        for name, array in named.items():
            out[name] = array
    return str(file)


def save_csv(path: Path, text: str) -> str:
    file = path / "data.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def equal(a: DataSet, b: DataSet) -> bool:
    names = ("inputs", "targets", "test_inputs", "test_targets")
    same = [np.array_equal(getattr(a, name), getattr(b, name)) for name in names if getattr(a, name) is not None]
    return all(same) and a.sha256 == b.sha256


def test_run_files_may_name_what_can_be_read() -> None:
    assert set(DATASETS) == set(KNOWN)
    assert (tuple(READERS), IMAGE_SET_FOLDERS) == (FILE_SUFFIXES, IMAGE_FOLDERS)


@pytest.mark.parametrize("name", DATASETS)
def test_known_data_sets(name: str) -> None:
    data = load(name)
    samples, features, classes = SHAPES[name]
    assert data.inputs.shape == (samples, features)
    assert [data.inputs.dtype.name, data.targets.dtype.name] == ["float64", "int64"]
    assert np.array_equal(np.unique(data.targets), np.arange(classes))
    assert data.test_inputs is None
    assert data.test_targets is None
    assert equal(data, load(name))


def test_xor_as_it_is_and_standardised() -> None:
    plain = load("xor", standardise=False)
    assert plain.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert plain.targets.tolist() == [0, 1, 1, 0]
    assert np.array_equal(load("xor").inputs, 2 * plain.inputs - 1)


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_standardisation_agrees_with_scikit_learn(name: str) -> None:
    plain = load(name, standardise=False)
    np.testing.assert_allclose(load(name).inputs, StandardScaler().fit_transform(plain.inputs), atol=1e-13)


def test_the_training_part_sets_the_scale() -> None:
    plain = load("iris", standardise=False, test_fraction=0.3, seed=5)
    data = load("iris", test_fraction=0.3, seed=5)
    assert plain.test_inputs is not None
    assert data.test_inputs is not None
    scaler = StandardScaler().fit(plain.inputs)
    np.testing.assert_allclose(data.test_inputs, scaler.transform(plain.test_inputs), atol=1e-13)
    assert abs(data.test_inputs.mean()) > 1e-6


@given(arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6)), st.floats(-1e6, 1e6))
def test_standardised_inputs_are_finite_and_constant_features_zero(inputs: np.ndarray, constant: float) -> None:
    inputs[:, 1] = constant
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "landscape.problems.data.datasets._GENERATORS",
            {"made": lambda: {"inputs": inputs, "targets": np.array([0, 1, 0, 1, 0, 1, 1])}},
        )
        data = load("made")
    assert np.isfinite(data.inputs).all()
    assert (data.inputs[:, 1] == 0).all()


def test_subset_and_split_are_stratified_seeded_and_disjoint() -> None:
    data = load("iris", standardise=False, subset=60, test_fraction=0.2, seed=1)
    assert data.test_targets is not None
    assert np.bincount(data.targets).tolist() == [16, 16, 16]
    assert np.bincount(data.test_targets).tolist() == [4, 4, 4]
    assert equal(data, load("iris", standardise=False, subset=60, test_fraction=0.2, seed=1))
    assert not equal(data, load("iris", standardise=False, subset=60, test_fraction=0.2, seed=2))


def test_parts_of_a_subset_are_stratified_and_disjoint() -> None:
    whole = load("digits", standardise=False)
    parts = [load("digits", standardise=False, subset=200, subset_part=part, seed=3) for part in range(8)]
    assert equal(parts[0], load("digits", standardise=False, subset=200, seed=3))
    shares = np.bincount(whole.targets) / len(whole.targets)
    for part in parts:
        assert np.abs(np.bincount(part.targets) - 200 * shares).max() <= 2.0
    together = np.concatenate([part.inputs for part in parts])
    assert len(np.unique(together, axis=0)) == len(together) == 1600
    many = [load("digits", standardise=False, subset=149, subset_part=part, seed=3) for part in range(12)]
    assert len(np.unique(np.concatenate([part.inputs for part in many]), axis=0)) == 1788  # of 1797
    assert max(np.abs(np.bincount(part.targets) - 149 * shares).max() for part in many) <= 5.0
    last = [load("iris", standardise=False, subset=75, subset_part=part) for part in (0, 1)]
    iris, halves = load("iris", standardise=False).inputs, np.concatenate([part.inputs for part in last])
    one, other = (rows[np.lexsort(rows.T)] for rows in (iris, halves))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("part", [0, 8])
def test_held_out_samples_are_none_of_the_subset_and_stratified(part: int) -> None:
    whole = load("digits", standardise=False)
    data = load("digits", standardise=False, subset=179, subset_part=part, held_out=1000, seed=3)
    assert data.test_inputs is not None
    assert data.test_targets is not None
    alone = load("digits", standardise=False, subset=179, subset_part=part, seed=3)
    np.testing.assert_array_equal(data.inputs, alone.inputs)
    together = np.concatenate([data.inputs, data.test_inputs])
    assert len(np.unique(together, axis=0)) == 1179
    shares = np.bincount(whole.targets) / len(whole.targets)
    assert np.abs(np.bincount(data.test_targets) - 1000 * shares).max() <= 3.0
    every = load("iris", standardise=False, subset=75, held_out=75)
    assert every.test_inputs is not None
    assert len(np.unique(np.concatenate([every.inputs, every.test_inputs]), axis=0)) == 149  # two of Iris are equal


def test_a_regression_may_use_up_its_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = save_npz(tmp_path, inputs=rng.normal(size=(60, 2)), targets=rng.normal(size=(60, 2)))
    parts = [load(path, standardise=False, subset=20, subset_part=part) for part in range(3)]
    assert len(np.unique(np.concatenate([part.inputs for part in parts]), axis=0)) == 60
    whole = load(path, standardise=False, subset=20, held_out=40)
    assert whole.test_inputs is not None
    assert len(whole.test_inputs) == 40


def test_split_loses_nothing() -> None:
    whole = load("moons", standardise=False)
    data = load("moons", standardise=False, test_fraction=0.25, seed=2**63 - 1)
    assert data.test_inputs is not None
    together = np.concatenate([data.inputs, data.test_inputs])
    assert np.array_equal(np.unique(together, axis=0), np.unique(whole.inputs, axis=0))


def test_the_whole_set_is_a_subset() -> None:
    assert equal(load("iris", subset=150), load("iris"))


@pytest.mark.parametrize("save", [save_npz, save_h5])
def test_array_files(tmp_path: Path, save: Callable[..., str]) -> None:
    path = save(tmp_path, inputs=INPUTS, targets=LABELS, test_inputs=INPUTS[:1], test_targets=LABELS[:1], more=INPUTS)
    assert equal(load(path, standardise=False), from_arrays(INPUTS, LABELS, INPUTS[:1], LABELS[:1]))


def test_types_of_a_file_become_exact(tmp_path: Path) -> None:
    path = save_npz(tmp_path, inputs=INPUTS.astype(np.float32), targets=LABELS.astype(np.uint8))
    data = load(path, standardise=False)
    assert [data.inputs.dtype.name, data.targets.dtype.name] == ["float64", "int64"]
    assert equal(data, from_arrays(INPUTS, LABELS))


@pytest.mark.parametrize("header", ["", "height,width,class\n", "\ufeffheight,width,class\r\n"])
def test_csv(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{x},{y},{label}\n" for (x, y), label in zip(INPUTS.tolist(), LABELS.tolist(), strict=True))
    data = load(save_csv(tmp_path, header + rows), standardise=False)
    assert equal(data, from_arrays(INPUTS, LABELS))


def test_regression_targets(tmp_path: Path) -> None:
    data = load(save_csv(tmp_path, "1,0.5\n2,1\n3,-2.5\n"), test_fraction=0.3)
    assert data.targets.shape == (2, 1)
    check_targets(data.targets, "mse")
    with pytest.raises(DataError, match=r"cross_entropy.*floating-point.*mse"):
        check_targets(data.targets, "cross_entropy")


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_labels_suit_both_losses(loss: str) -> None:
    check_targets(LABELS, loss)


def test_the_digest_sees_every_array_and_shape() -> None:
    sets = [
        from_arrays(INPUTS, LABELS),
        from_arrays(INPUTS + 1, LABELS),
        from_arrays(INPUTS, 1 - LABELS),
        from_arrays(INPUTS, LABELS.astype(np.float64)),
        from_arrays(INPUTS, LABELS, INPUTS, LABELS),
        from_arrays(INPUTS, LABELS, INPUTS[:2], LABELS[:2]),
    ]
    assert len({data.sha256 for data in sets}) == len(sets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,0\n3,x,1\n", "row 2, column 2, found 'x'"),
        ("a,b,class\n1,2,0\n3,nan,1\n", "row 3, column b, found 'nan'"),
        ("a,b,class\n1,2,0\n3,,1\n", "row 3, column b, found an empty cell"),
        ("1,2,0\n3,inf,1\n", "row 2, column 2, found 'inf'"),
        ("a,2,0\n3,4,1\n", "row 1, column 1, found 'a'"),
        ("1,2,0\n3,4,red\n", "row 2, column 3, found 'red'"),
        ("1,2,0\n3,1\n", "expected 3 columns in row 2, found 2"),
        ("0\n1\n", "found one column"),
        ("", "no such row"),
        ("a,b\n", "no such row"),
        ("1,2,0\n3,4,0\n", "only the label 0"),
        ("1,2,1\n3,4,2\n", "labels 0..1 for 2 classes, found also 2"),
        ("1,2,0\n3,4,99999999999999999999\n", "expected numbers in targets"),
        ('1,"2,0\n', "unexpected end of data"),
    ],
)
def test_faults_of_a_csv_are_placed(tmp_path: Path, text: str, expected: str) -> None:
    message = fault(lambda: load(save_csv(tmp_path, text)))
    assert "data.csv" in message
    assert expected in message


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"inputs": INPUTS}, "found inputs; store the missing targets"),
        ({"inputs": INPUTS, "targets": LABELS[:3]}, "found 4, 3"),
        ({"inputs": INPUTS, "targets": LABELS * 0}, "only the label 0"),
        ({"inputs": INPUTS, "targets": LABELS - 1}, "found also -1"),
        ({"inputs": INPUTS, "targets": LABELS, "test_inputs": INPUTS}, "only one of them"),
        ({"inputs": INPUTS, "targets": LABELS, "test_inputs": INPUTS, "test_targets": LABELS + 5}, "found also 5, 6"),
        ({"inputs": INPUTS, "targets": LABELS, "test_inputs": LABELS, "test_targets": LABELS}, "shapes (4,)"),
        ({"inputs": INPUTS, "targets": LABELS, "test_inputs": INPUTS[:, :1], "test_targets": LABELS}, "like inputs"),
        ({"inputs": INPUTS[:0], "targets": LABELS[:0]}, "none empty"),
        ({"inputs": INPUTS / [1, np.nan], "targets": LABELS}, "found nan in row 1, column 2"),
        ({"inputs": INPUTS * 1e100, "targets": LABELS}, "below 1e+100 in inputs, found 1e+100 in row 1, column 2"),
        ({"inputs": INPUTS, "targets": np.where(LABELS, 0.5, np.nan)}, "below 1e+100 in targets, found nan in row 1"),
        ({"inputs": INPUTS, "targets": np.array([b"a", b"b", b"b", b"a"])}, "expected numbers in targets"),
    ],
)
@pytest.mark.parametrize("save", [save_npz, save_h5])
def test_faults_of_array_files(
    tmp_path: Path, save: Callable[..., str], named: dict[str, np.ndarray], expected: str
) -> None:
    assert expected in fault(lambda: load(save(tmp_path, **named)))


@pytest.mark.parametrize("suffix", ["npz", "h5", "csv"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\x00", b"PK\x03\x04 cut"], ids=["empty", "binary", "cut"])
def test_damaged_files(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"data.{suffix}"
    path.write_bytes(content)
    assert str(path) in fault(lambda: load(str(path)))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = save_npz(tmp_path, inputs=np.array([[1], [None]], dtype=object), targets=LABELS)
    assert "allow_pickle" in fault(lambda: load(path))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("irsi", {}, "did you mean 'iris'?"),
        ("no/such/file.npz", {}, "found nothing there"),
        ("iris", {"subset": 151}, "at most the 150 samples there are, found 151"),
        ("iris", {"subset": 2}, "expected to draw 2 of 150 samples"),
        ("iris", {"subset": 75, "held_out": 76}, "held_out of at most the 75 samples that the subset leaves, found 76"),
        (
            "iris",
            {"subset": 50, "subset_part": 3},
            "expected problem.subset_part below 3, the number of",
        ),
        ("iris", {"test_fraction": 0.999}, "expected to draw 0 of 150 samples"),
        ("iris", {"test_fraction": 0.001}, "expected to draw 150 of 150 samples"),
    ],
)
def test_faults_of_a_request(name: str, options: dict[str, float], expected: str) -> None:
    assert expected in fault(lambda: load(name, **options))  # type: ignore[arg-type] # one dict for several keywords


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").mkdir()
    assert "found a folder" in fault(lambda: load(str(tmp_path / "data.csv")))


def test_a_split_of_a_file_that_is_split_already(tmp_path: Path) -> None:
    path = save_npz(tmp_path, inputs=INPUTS, targets=LABELS, test_inputs=INPUTS, test_targets=LABELS)
    assert "set test_fraction = 0" in fault(lambda: load(path, test_fraction=0.5))


def test_a_class_too_rare_for_the_subset(tmp_path: Path) -> None:
    labels = np.repeat([0, 1, 2], [100, 100, 2])
    path = save_npz(tmp_path, inputs=np.arange(202.0)[:, None], targets=labels)
    assert "a class too rare" in fault(lambda: load(path, subset=20))
