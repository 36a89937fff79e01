"""Data files that lie about their size, hold too much, or hold none themselves; labels in other forms; scales near
rounding.
"""

import gzip
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from landscape.limits import DATA
from landscape.problems.data.datasets import from_arrays, load
from landscape.problems.data.samples import standardised
from landscape.problems.networks.losses import check_targets
from tests.database.altering import crashing
from tests.problems.faults import fault

INPUTS = np.array([[0.5, 1.0], [2.0, 3.0], [4.0, 6.0], [5.0, 5.0]])
LABELS = np.array([0, 1, 1, 0])


@pytest.mark.parametrize("count", [5, 10**5, 10**18, -4])
def test_an_npz_that_lies_about_its_size(tmp_path: Path, count: int) -> None:
    np.save(tmp_path / "inputs.npy", INPUTS)
    honest = (tmp_path / "inputs.npy").read_bytes()
    lying = honest.replace(b"(4, 2), }", f"({count}, 2), }}".encode())
    lying = lying[:128].replace(b" " * (len(lying) - len(honest)) + b"\n", b"\n") + honest[128:]
    np.save(tmp_path / "targets.npy", LABELS)
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", lying)
        archive.write(tmp_path / "targets.npy", "targets.npy")
    message = fault(lambda: load(str(path)))
    assert ("GiB in inputs" if count == 10**18 else f"expected {16 * count} bytes in inputs") in message


def test_too_much_is_refused_by_its_declared_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("inputs", (200_000_000, 2), "f8", chunks=(1000, 2))  # nothing of it is written
        file["targets"] = LABELS
    message = fault(lambda: load(str(path)))
    assert "expected at most 2 GiB of numbers, found 2.98 GiB in inputs; take less, or set" in message
    with h5py.File(path, "a") as file:
        del file["inputs"]
        file["inputs"] = INPUTS
    assert len(load(str(path)).inputs) == 4
    monkeypatch.setenv(DATA.variable, "1e-8")
    assert "expected at most" in fault(lambda: load(str(path)))
    monkeypatch.setenv(DATA.variable, "much")
    assert f"{DATA.variable}: expected a number of GiB above 0" in fault(lambda: load(str(path)))


def test_a_file_on_which_hdf5_crashes(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["inputs"], file["targets"] = INPUTS, LABELS
        file.attrs["source"] = "a text"
    assert len(load(str(path)).inputs) == 4
    path.write_bytes(crashing(path.read_bytes()))
    assert "expected a readable .h5 file, found one on which HDF5 crashes: save it again" in fault(
        lambda: load(str(path))
    )


def test_an_array_whose_header_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["inputs"], file["targets"] = INPUTS, LABELS
        header = h5py.h5o.get_info(file.id, b"inputs").addr
    content = bytearray(path.read_bytes())
    content[header] = 99  # no version of a header
    path.write_bytes(content)
    assert "expected a readable .h5 file, found:" in fault(lambda: load(str(path)))


def test_the_limit_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, inputs=INPUTS, targets=LABELS)
    monkeypatch.setattr("landscape.problems.data.files.DATA", replace(DATA, default=1e-8))
    fault(lambda: load(str(path)))
    monkeypatch.setenv(DATA.variable, "1")
    assert len(load(str(path)).inputs) == 4


def test_the_limit_of_a_file_with_several_arrays_is_that_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays: dict[str, Any] = {"inputs": INPUTS, "targets": LABELS, "test_inputs": INPUTS, "test_targets": LABELS}
    monkeypatch.setenv(DATA.variable, str(INPUTS.nbytes / 2**30))
    np.savez(tmp_path / "data.npz", **arrays)
    assert len(load(str(tmp_path / "data.npz")).inputs) == 4
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.update(arrays)
    assert len(load(str(tmp_path / "data.h5")).inputs) == 4
    np.savetxt(tmp_path / "data.csv", np.column_stack([INPUTS, LABELS]), fmt=["%.9f", "%.9f", "%d"], delimiter=",")
    assert "GiB in the file" in fault(lambda: load(str(tmp_path / "data.csv")))


def test_many_classes_are_refused_by_the_size_of_their_targets() -> None:
    labels = np.arange(60_000)
    message = fault(lambda: from_arrays(np.zeros((60_000, 1)), labels))
    assert "found 26.8 GiB in one number a sample for each of 60000 classes" in message


def test_a_compressed_image_file_is_read_up_to_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(bytes(10**6))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(bytes(10))
    monkeypatch.setenv(DATA.variable, "1e-3")
    assert "in the decompressed file" in fault(lambda: load(f"mnist:{tmp_path}"))


def external(file: h5py.File, folder: Path) -> None:
    (folder / "secret").write_bytes(INPUTS.tobytes())
    file.create_dataset("inputs", INPUTS.shape, "f8", external=[(str(folder / "secret"), 0, h5py.h5f.UNLIMITED)])


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout(INPUTS.shape, "f8")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "inputs", INPUTS.shape)
    file.create_virtual_dataset("inputs", layout)


def external_link(file: h5py.File, folder: Path) -> None:
    file["inputs"] = h5py.ExternalLink(str(folder / "other.h5"), "inputs")


def soft_link(file: h5py.File, _: Path) -> None:
    file["there"] = INPUTS
    file["inputs"] = h5py.SoftLink("/there")


def group(file: h5py.File, _: Path) -> None:
    file.create_group("inputs")


def nothing(file: h5py.File, _: Path) -> None:
    file["inputs"] = h5py.Empty("f8")


@pytest.mark.parametrize("make", [external, virtual, external_link, soft_link, group, nothing])
def test_arrays_must_be_in_the_file_itself(tmp_path: Path, make: Callable[[h5py.File, Path], None]) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["inputs"] = INPUTS
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        make(file, tmp_path)
        file["targets"] = LABELS
    assert "expected an array inputs in the file itself, found" in fault(lambda: load(str(path)))


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file[b"inputs\xff"], file["targets"] = INPUTS, LABELS
    assert "found b'inputs\\xff', targets; store the missing inputs" in fault(lambda: load(str(path)))


@pytest.mark.parametrize("suffix", ["csv", "npz", "h5"])
def test_a_pipe_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    os.mkfifo(path)
    assert "found a pipe or a device there" in fault(lambda: load(str(path)))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (LABELS.astype(float), "floating-point targets, or whole numbers in a column [N, 1]; write labels without"),
        (LABELS[:, None], "in an array of shape [N] and an integer type"),
        (np.eye(2)[LABELS], "found one-hot targets in 2 columns; write the number of the class, targets.argmax(1)"),
        (np.eye(2, dtype=int)[LABELS], "found one-hot targets in 2 columns"),
        (np.array([[1, 1], [0, 1], [1, 0], [0, 0]]), "found 2 values a sample; write one label"),
        (np.array([0.5, 1.0, 0.0, 0.0]), "found floating-point targets; write labels without a decimal point"),
        (np.array(["a", "b", "b", "a"]), "expected numbers in targets, found the type <U1; number the classes from 0"),
        (np.array(["a", "b", "b", "a"], dtype=object), "found the type object; number the classes from 0"),
        (np.array([1, 2, 2, 1]), "expected the labels 0..1 for 2 classes, found also 2"),
    ],
)
def test_other_labels_are_refused_with_their_reason(targets: np.ndarray, expected: str) -> None:
    assert expected in fault(lambda: check_targets(from_arrays(INPUTS, targets).targets, "cross_entropy"))


def test_true_and_false_are_labels() -> None:
    data = from_arrays(INPUTS, LABELS == 1)
    check_targets(data.targets, "cross_entropy")
    np.testing.assert_array_equal(data.targets, LABELS)


SECONDS = 1.7e9 + 1e-6 * np.arange(100)
NEAR = {
    "seconds of a day in microseconds": SECONDS,
    "few units in the last place": 1.0 + np.spacing(1.0) * np.array([0, 7, 9, 20, 3, 5, 40]),
    "a large number among small ones": np.array([1e15, 1.0, 2.0, 3.0, -1e15, 7.0]),
    "far from zero": 1e12 + np.random.default_rng(0).normal(size=50),
}


@pytest.mark.parametrize("name", NEAR)
def test_standardising_near_rounding_is_exact(name: str) -> None:
    """The reference is rational arithmetic, but for the root."""
    values = NEAR[name]
    exact = [Fraction(float(value)) for value in values]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    found = standardised({"inputs": values[:, None]})["inputs"][:, 0]
    expected = [float((value - mean) / Fraction(float(variance) ** 0.5)) for value in exact]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert abs(found.mean()) < 1e-14
    assert found.std() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("values", [[0.1 + 0.2, 0.3, 0.3], [1e6 / 3 * 3, 1e6, 1e6], [0.0, -0.0, 0.0]], ids=str)
def test_a_spread_of_rounding_errors_is_a_constant(values: list[float]) -> None:
    inputs = np.array([values, [1.0, 2.0, 3.0]]).T
    found = standardised({"inputs": inputs, "test_inputs": inputs + np.array([1.0, 0.0])})
    np.testing.assert_array_equal(found["inputs"][:, 0], 0.0)
    np.testing.assert_allclose(found["test_inputs"][:, 0], 1.0)
    np.testing.assert_allclose(found["inputs"][:, 1], np.array([-1.0, 0.0, 1.0]) * 1.5**0.5)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_ordinary_data_keep_their_bits(name: str) -> None:
    values = load(name, standardise=False).inputs
    constant = values.min(0) == values.max(0)
    mean = np.where(constant, values[0], values.mean(0))
    size = np.where(constant, 1.0, np.abs(values - mean).max(0))
    deviation = np.where(constant, 1.0, ((values - mean) / size).std(0))
    np.testing.assert_array_equal(load(name).inputs, (values - mean) / size / deviation)
