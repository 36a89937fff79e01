"""Barriers of made-up paths are recovered, their correlation is scipy's, and copies and gaps change nothing."""

import numpy as np
import pytest
from scipy import stats

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.studies.path_barriers import barrier, distinct_states, highest_barriers, relate, stored_paths
from tests.analysis.synthetic_paths import LENGTH, barriers, chain_with_paths

HEIGHTS, RISES = barriers(20, slope=1.0)


@pytest.fixture
def chain() -> Database:
    return Database(chain_with_paths(None, HEIGHTS, RISES, unknown=[3]))


def test_a_barrier_is_the_rise_above_the_worse_end() -> None:
    values = np.array([[1.0, 5.0, 2.0], [3.0, 2.0, 1.0], [1.0, 1.5, 2.0]])
    np.testing.assert_array_equal(barrier(values), [3.0, -1.0, -0.5])


def test_stored_paths_are_those_that_end_in_their_minima(chain: Database) -> None:
    paths = stored_paths(chain)
    kept = np.delete(np.arange(20), 3)
    np.testing.assert_array_equal(paths.states, kept)
    np.testing.assert_array_equal(paths.minima, chain.transition_states.minima[kept])
    np.testing.assert_allclose(paths.length, LENGTH * (kept + 1.0))
    np.testing.assert_allclose(paths.position[:, [0, paths.middle, -1]], np.tile([0.0, 0.5, 1.0], (19, 1)))
    assert paths.epsilon == ("0.1", "0.3")


def test_barriers_and_their_correlation_are_those_put_in(chain: Database) -> None:
    relation = relate(stored_paths(chain))
    kept = np.delete(np.arange(20), 3)
    np.testing.assert_allclose(relation.energy, HEIGHTS[kept])
    np.testing.assert_allclose(relation.adversarial_loss["0.1"], 0.5 * RISES[kept])
    np.testing.assert_allclose(relation.adversarial_loss["0.3"], RISES[kept])
    for row in relation.table:
        assert row.count == 19
        assert row.spearman == pytest.approx(stats.spearmanr(HEIGHTS[kept], RISES[kept]).statistic)


def test_paths_that_are_worst_beside_the_state_are_told(chain: Database) -> None:
    paths = stored_paths(chain, ["0.3"])
    paths.values["adversarial_loss"][0, [5, 20], 0] += [1.0, -1.0]
    paths.values["adversarial_loss"][1] = 0.0
    relation = relate(paths)
    assert (relation.worse_states, relation.worse_paths) == ({"0.3": 17}, {"0.3": 18})


@pytest.mark.parametrize("slope", [1.0, -1.0])
def test_the_correlation_follows_the_sign(slope: float) -> None:
    relation = relate(stored_paths(Database(chain_with_paths(None, *barriers(20, slope)))))
    assert all(slope * row.spearman > 0.5 for row in relation.table)


def test_an_epsilon_can_be_chosen(chain: Database) -> None:
    paths = stored_paths(chain, ["0.30"])
    assert paths.epsilon == ("0.3",)
    np.testing.assert_array_equal(
        paths.values["adversarial_loss"][..., 0], stored_paths(chain).values["adversarial_loss"][..., 1]
    )
    with pytest.raises(PropertyError, match=r"that was measured \(0\.1, 0\.3\), found '0\.2'"):
        stored_paths(chain, ["0.2"])


def test_equal_barriers_count_each_and_copies_once() -> None:
    chain = Database(chain_with_paths(None, np.tile(HEIGHTS, 2), np.tile(RISES, 2)))
    paths = stored_paths(chain)
    np.testing.assert_array_equal(distinct_states(chain, paths).states, np.arange(40))
    copies = paths.take(np.r_[np.arange(40), 5, 7, 7])
    np.testing.assert_array_equal(distinct_states(chain, copies).states, np.arange(40))


def test_highest_barriers_are_the_lowest_of_each_pair_and_degenerate_ones_come_last(chain: Database) -> None:
    paths = stored_paths(chain)
    order = [row for row in np.argsort(-HEIGHTS) if row not in (3, 19)]
    np.testing.assert_array_equal(highest_barriers(paths, 5).states, order[:5])
    assert highest_barriers(paths, 30).states[-1] == 19
    second = paths.take(np.r_[np.arange(19), order[0]])
    second.values["energy"][-1] += 0.01 * np.sin(np.linspace(0.0, np.pi, 41))
    np.testing.assert_array_equal(highest_barriers(second, 5).states, order[:5])
    np.testing.assert_allclose(barrier(highest_barriers(second, 1).values["energy"]), HEIGHTS.max())


def test_too_few_and_none_are_refused() -> None:
    few = stored_paths(Database(chain_with_paths(None, HEIGHTS[:7], RISES[:7])))
    with pytest.raises(PropertyError, match="at least 8 distinct transition states to correlate, found 7"):
        relate(few)
    with pytest.raises(PropertyError, match="found none of 9"):
        stored_paths(Database(chain_with_paths(None, HEIGHTS[:9], RISES[:9], unknown=range(9))))
