"""Limits grow with the load and with the time of a computation, and never without bound."""

import os

import pytest

from tests import patience


@pytest.mark.parametrize(
    ("load", "seconds", "expected"),
    [
        (0.0, patience.REFERENCE_SECONDS, 1.0),
        (0.0, 0.1 * patience.REFERENCE_SECONDS, 1.0),
        (3.0, patience.REFERENCE_SECONDS, 3.0),
        (0.5, 4.0 * patience.REFERENCE_SECONDS, 4.0),
        (1e3, patience.REFERENCE_SECONDS, patience.AT_MOST),
        (0.0, 1e3, patience.AT_MOST),
    ],
)
def test_slowness(monkeypatch: pytest.MonkeyPatch, load: float, seconds: float, expected: float) -> None:
    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (load * cores, 0.0, 0.0))
    monkeypatch.setattr(patience, "computation_seconds", lambda: seconds)
    monkeypatch.setattr(patience, "_measured", None)
    assert patience.patient(10.0) == pytest.approx(10.0 * expected)


def test_a_measurement_serves_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = iter([2.0, 3.0])
    monkeypatch.setattr(patience, "measured_slowness", lambda: next(factors))
    monkeypatch.setattr(patience, "_measured", None)
    assert [patience.slowness(), patience.slowness()] == [2.0, 2.0]
    monkeypatch.setattr(patience, "VALID_SECONDS", -1.0)
    assert patience.slowness() == 3.0


@pytest.mark.timeout(7)
def test_the_limit_of_a_test_is_scaled(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("timeout") is not None:
        pytest.skip("the command line sets a limit of its own")
    scaled, own = (marker.args[0] for marker in request.node.iter_markers("timeout"))
    assert own == 7
    assert scaled == pytest.approx(7.0 * patience.slowness())


def test_the_computation_takes_time() -> None:
    assert 0.1 * patience.REFERENCE_SECONDS < patience.computation_seconds() < 100.0 * patience.REFERENCE_SECONDS
