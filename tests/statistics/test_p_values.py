"""Holm's adjustment against statsmodels."""

import numpy as np
from statsmodels.stats.multitest import multipletests

from landscape.statistics.p_values import holm


def test_holm_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(7).random(12) ** 4
    p[3] = p[5]
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_unknown_p_count_for_nothing() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert holm(np.empty(0)).shape == (0,)
