"""The data set f_a: known numbers, the function itself, draws, and options in the name."""

import numpy as np
import pytest

from landscape.config.stripes import Stripes
from landscape.config.tables import ProblemConfig
from landscape.problems.data.datasets import load
from landscape.problems.data.stripes import boundaries, labels, points, radii, stripes
from landscape.problems.problem import whole_size

DRAWN = Stripes(K=9, delta=0.1, a=0.7, copies=3, jitter=0.25)


def f_a(x: np.ndarray, a: float) -> np.ndarray:
    return np.ceil(a / x).astype(np.int64) % 2


def in_first_units(options: Stripes, place: np.ndarray) -> np.ndarray:
    """Places x_1 before they are centred and scaled, from the last point and the distance of the first two."""
    first = options.a / (np.arange(1, options.K + 1) + 0.5)
    own = points(options)
    scale = (first[0] - first[1]) / (own[0] - own[1])
    return np.asarray(first[-1] + scale * (place - own[-1]))


def test_the_points_of_six_are_those_computed_by_hand() -> None:
    data = load("f_a:K=6,delta=0.25", standardise=False)
    expected = [31.694, 7.428, -2.972, -8.750, -12.427, -14.972]
    np.testing.assert_allclose(data.inputs[:, 0], expected, atol=5e-4)
    assert data.inputs[:, 1].tolist() == [-0.25, 0.25, -0.25, 0.25, -0.25, 0.25]
    assert data.targets.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.test_inputs is None
    np.testing.assert_allclose(radii(Stripes(K=6)), [15.167, 6.067, 3.250, 2.022, 1.379, 1.0], atol=5e-4)


@pytest.mark.parametrize("options", [Stripes(), Stripes(K=17, a=0.5), DRAWN])
def test_labels_are_those_of_the_function_within_each_radius_and_not_beyond(options: Stripes) -> None:
    for share, same in ((-0.999, True), (0.999, True), (-1.001, False)):
        place = in_first_units(options, points(options) + share * radii(options))
        assert (f_a(place, options.a) == labels(options)).all() == same
        assert same or (f_a(place, options.a) != labels(options)).all()


def test_the_function_changes_at_the_boundaries() -> None:
    edges = in_first_units(DRAWN, boundaries(DRAWN))
    np.testing.assert_allclose(edges, DRAWN.a / np.arange(1.0, DRAWN.K + 2.0), rtol=1e-12)


def test_samples_stay_near_their_points_and_keep_label_and_cue() -> None:
    arrays = stripes(DRAWN, seed=3)
    for part in ("", "test_"):
        inputs, targets = arrays[f"{part}inputs"], arrays[f"{part}targets"]
        shift = inputs[:, 0] - np.repeat(points(DRAWN), 3)
        assert (np.abs(shift) < 0.25 * np.repeat(radii(DRAWN), 3)).all()
        assert np.abs(shift).min() > 0.0
        assert np.array_equal(targets, np.repeat(labels(DRAWN), 3))
        assert np.array_equal(inputs[:, 1], np.where(targets == 1, 0.1, -0.1))
    assert not np.array_equal(arrays["inputs"], arrays["test_inputs"])
    assert np.array_equal(stripes(DRAWN, seed=3)["inputs"], arrays["inputs"])
    assert not np.array_equal(stripes(DRAWN, seed=4)["inputs"], arrays["inputs"])


def test_shuffled_cues_are_the_same_cues_in_another_order() -> None:
    options = Stripes(K=200, shuffled=True)
    cue, label = (stripes(options, 0)[name] for name in ("inputs", "targets"))
    assert sorted(cue[:, 1]) == sorted(0.25 * (2.0 * label - 1.0))
    assert abs(np.mean((cue[:, 1] > 0.0) == label) - 0.5) < 0.15


def test_replicates_of_a_law_are_infinitely_many() -> None:
    assert whole_size(ProblemConfig(dataset="f_a:jitter=0.25")) == np.inf
    assert whole_size(ProblemConfig(dataset="f_a:K=9")) == 9
