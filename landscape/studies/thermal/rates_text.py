"""Rates and paths as text, printed by `landscape rates`."""

import math
from collections.abc import Iterator

import numpy as np

from landscape.studies.thermal.rates import Kinetics, Way
from landscape.thermodynamics.pathways import Pathway
from landscape.thermodynamics.rates import DYNAMICS

SURE = 0.9
_MOST_ROWS = 12


def rates_text(found: Kinetics) -> Iterator[str]:
    """Lines: the dynamics, rates and times both ways, committors, and paths."""
    first, back = found.ways
    yield f"T = {found.temperature:g}, {found.dynamics}: {DYNAMICS[found.dynamics]}"
    yield from _range(found)
    yield "minima of both sets are connected; degenerate rearrangements are left out"
    for way in (first, back):
        yield ""
        yield from _way(way)
    yield ""
    yield _committors(found)
    for way in (first, back):
        yield f"fastest path, barrier {way.barrier:.6g}, {_share(way)}"
        yield from _path(way.fastest)
    yield f"path of the lowest barrier, {found.lowest_barrier:.6g}"
    yield from _path(found.lowest)


def power(logarithm: float, digits: int = 6) -> str:
    """exp(logarithm) as text, also where no floating-point number reaches: 1.5e-2000."""
    if not math.isfinite(logarithm):
        return "unknown" if math.isnan(logarithm) else ("0" if logarithm < 0 else "infinite")
    decimal = logarithm / math.log(10.0)
    exponent = math.floor(decimal)
    mantissa = f"{10.0 ** (decimal - exponent):.{digits}g}"
    return f"1e{exponent + 1:+d}" if mantissa == "10" else f"{mantissa}e{exponent:+d}"


def _range(found: Kinetics) -> Iterator[str]:
    if math.isnan(found.highest):
        yield "the range of the harmonic approximation is unknown: too few minima have a known barrier"
        return
    holds = "so T is within" if found.temperature <= found.highest else "so T is BEYOND the range"
    yield f"the harmonic approximation holds up to T = {found.highest:.3g}, {holds}"


def _way(way: Way) -> Iterator[str]:
    """Rates and times one way."""
    rates = way.rates
    yield f"from {_rows(rates.start)} to {_rows(way.goal)}"
    yield f"  rate (new graph transformation)   {power(rates.log_rate)}"
    yield f"  mean first passage time           {power(rates.log_mean_time)}"
    yield f"  the same by linear algebra        {_direct(way)}"
    yield f"  rate in the steady state          {power(rates.log_steady_state)}"
    if len(rates.start) > 1:
        yield f"  non-steady-state rate             {power(rates.log_non_steady_state)}"


def _direct(way: Way) -> str:
    if math.isnan(way.direct):
        return "lost to rounding: a walker takes too many steps at this temperature"
    return f"{power(way.direct)} (relative difference {abs(math.expm1(way.direct - way.rates.log_mean_time)):.1g})"


def _committors(found: Kinetics) -> str:
    """Numbers of minima that lead to either set first."""
    to, start = _rows(found.ways[0].goal), _rows(found.ways[0].rates.start)
    known = np.isfinite(found.committor)
    first, last = found.committor > SURE, found.committor < 1.0 - SURE
    return (
        f"committors: {first.sum()} minima lead to {to} first (probability above {SURE:g}), {last.sum()} to {start}, "
        f"{(known & ~first & ~last).sum()} are between, {(~known).sum()} are not connected"
    )


def _share(way: Way) -> str:
    return f"{power(way.fastest.log_rate - way.rates.log_steady_state, 3)} of the rate in the steady state"


def _path(path: Pathway) -> Iterator[str]:
    """The minima of a path with the transition states between them."""
    steps = [str(path.minima[0])]
    steps += [f"-({state})- {row}" for state, row in zip(path.states, path.minima[1:], strict=True)]
    yield f"  {' '.join(steps)}"


def _rows(rows: tuple[int, ...]) -> str:
    names = ", ".join(map(str, rows[:_MOST_ROWS]))
    return f"{names}, ... ({len(rows)} minima)" if len(rows) > _MOST_ROWS else names
