"""Numbers of copies against whole numbers, also beyond the range of floats."""

import math

import numpy as np

from landscape.statistics.copies import copies, copies_text


def test_numbers_of_copies_beyond_floats_have_a_text_but_no_value() -> None:
    logs = [0.0, math.log(645120.0), 200.0 * math.log(10.0), 1000.0 * math.log(10.0), math.nan]
    np.testing.assert_allclose(copies(np.array(logs)), [1.0, 645120.0, 1e200, math.nan, math.nan], rtol=1e-12)
    assert [copies_text(one, digits=6) for one in logs] == ["1", "645120", "1e+200", "1e+1000", "nan"]
    assert copies_text(math.log(2.5) + 400.0 * math.log(10.0), digits=4) == "2.5e+400"
