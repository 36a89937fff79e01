"""The picture of tracks: lines lead to their events, and all marks have words."""

import matplotlib.style
import numpy as np

from landscape.plots.figures import STYLE
from landscape.plots.track_figures import draw_tracks, stretches
from tests.campaign.continuation.xor_tracks import tracked
from tests.plots.layout_facts import faults


def test_lines_lead_from_the_event_in_which_they_are_born_to_the_end() -> None:
    db, _ = tracked()
    drawn = list(stretches(db))
    assert sorted(one.index for one in drawn) == [0] * 7 + [1] * 19 + [2]
    starts = sorted(one.value[0] for one in drawn if one.value[0] != 1e-2)
    np.testing.assert_allclose(starts, np.repeat(np.sort(db.events.value), 2))
    assert {one.value[-1] for one in drawn} == {1e-3}


def test_the_picture_has_a_line_for_each_track_and_a_mark_for_each_event() -> None:
    db, _ = tracked()
    with matplotlib.style.context(STYLE):
        figure = draw_tracks(db)
        assert faults(figure) == []
    (axes,) = figure.axes
    assert len(axes.lines) == 26 + 3
    legend = axes.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["minimum", "transition state", "fold"]
