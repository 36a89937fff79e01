"""Pixels of inputs against the images that scikit-learn and files have."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.report.images.pixels import Pixels, image_shape, pixels_of

SHAPE = (3, 2, 4)


def pixels(problem: Problem, seed: int = 0) -> Pixels:
    shape = image_shape(problem)
    assert problem.config is not None
    assert shape is not None
    return pixels_of(problem, problem.config, shape, seed)


def colours(path: Path, *, seed: int = 0, standardise: bool = True, image: tuple[int, ...] = SHAPE) -> Problem:
    """A problem of random images in colour in a file; the first value of all samples is 7."""
    random = np.random.default_rng(seed)
    inputs = random.integers(0, 256, size=(20, 24)).astype(np.float64)
    inputs[:, 0] = 7.0
    np.savez(path, inputs=inputs, targets=np.arange(20) % 2)
    table: dict[str, Any] = {"dataset": str(path), "image": list(image), "hidden": [2], "standardise": standardise}
    return Problem(**table)


@pytest.mark.parametrize("standardise", [True, False])
def test_pictures_of_digits_are_those_of_scikit_learn(*, standardise: bool) -> None:
    problem = Problem(dataset="digits", hidden=[2], standardise=standardise)
    found = pixels(problem).picture(problem.data.inputs)
    assert found.dtype == np.uint8
    assert np.abs(found[..., 0] - 255.0 * load_digits().images / 16.0).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("standardise", [True, False])
def test_files_keep_channels_rows_and_columns(tmp_path: Path, *, standardise: bool) -> None:
    problem = colours(tmp_path / "images.npz", standardise=standardise)
    with np.load(tmp_path / "images.npz") as file:
        values = file["inputs"]
    found = pixels(problem)
    assert (found.black, found.white) == (values.min(), values.max())
    np.testing.assert_allclose(found.values(problem.data.inputs), values, atol=1e-10)
    share = (values.reshape(20, *SHAPE) - values.min()) / (values.max() - values.min())
    np.testing.assert_array_equal(
        found.picture(problem.data.inputs), np.round(255.0 * share.transpose(0, 2, 3, 1)).astype(np.uint8)
    )


def test_values_beyond_black_and_white_are_cut_off(tmp_path: Path) -> None:
    found = pixels(colours(tmp_path / "images.npz"))
    assert found.picture(np.full(24, -1e6))[0, 0, 1] == 0
    assert found.picture(np.full(24, 1e6)).min() == 255


def test_a_data_set_that_is_gone_or_another_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    problem, plain = colours(path), colours(path, standardise=False)
    colours(path, seed=1)
    with pytest.raises(PropertyError, match=r"expected the samples of the database in .*images\.npz for their pixels"):
        pixels(problem)
    path.unlink()
    with pytest.raises(PropertyError, match=r"their pixels are not in the database, and .*found nothing there"):
        pixels(problem)
    assert pixels(plain).offset.tolist() == [0.0] * 24


def test_two_channels_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PropertyError, match="expected images of 1 or 3 channels, found 2"):
        pixels(colours(tmp_path / "images.npz", image=(2, 3, 4)))


def test_tables_are_no_images() -> None:
    assert image_shape(None) is None
    assert image_shape(Problem(dataset="iris", hidden=[2])) is None
    assert image_shape(Problem(dataset="digits", hidden=[2], image=[1, 4, 16])) == (1, 4, 16)
