"""The thermodynamics of a landscape as text, printed by `landscape thermodynamics`."""

from collections.abc import Iterator

import numpy as np

from landscape.messages import number_text
from landscape.studies.thermal.curves import UNKNOWN, Thermodynamics

BEYOND, POSTERIOR = ">", "N"
SHOWN = ("robust_accuracy", "adversarial_loss")
"""The robustness in the table is the first of these that is known, at its first epsilon, or else the first of all."""
ROUNDING = 1e-9  # relative changes of R over a factor e of T that count as none
_MOST_ROWS = 8
EXPLAINED = """
R is the thermal mean of a robustness, and dR/dT its slope. Where robustness falls with T, the deeper ones of the minima
that are occupied at this temperature are the more robust ones. This describes this one landscape: it is no inference.
"""


def thermodynamics_text(found: Thermodynamics) -> Iterator[str]:
    """Lines: the range, a row for each temperature, the peaks, and every robustness at the end of the range."""
    yield from _head(found)
    yield ""
    yield from _table(found)
    yield ""
    yield from _peaks(found)
    yield from _averages(found)


def _head(found: Thermodynamics) -> Iterator[str]:
    n_parameters = found.curves.n_parameters
    yield f"{found.minima} minima, {found.states} transition states, {n_parameters} parameters"
    yield "T is in units of the energy (k_B = 1); harmonic superposition over distinct minima with their copies"
    yield "minima that were not found have no occupation: 'landscape info' says how complete the search is"
    if np.isfinite(found.highest):
        yield (
            f"harmonic up to T = {found.highest:.3g}, where half of the occupation is in minima whose lowest known "
            f"barrier is below P T / 2; rows beyond are marked {BEYOND}"
        )
    else:
        yield f"range unknown: too few minima have a known barrier, so that all rows are marked {BEYOND}"
    if np.isfinite(found.posterior):
        place = "within" if found.posterior <= found.highest else "beyond"
        yield (
            f"T = 1/N = {found.posterior:.4g}, marked {POSTERIOR}, is the Laplace posterior of "
            f"{1 / found.posterior:.0f} samples: {place} the harmonic range"
        )


def _table(found: Thermodynamics) -> Iterator[str]:
    shown = _shown(found)
    robust = f" {shown:>22} {'dR/dT':>11}" if shown else ""
    yield f"{'':2} {'T':>10} {'heat capacity':>13} {'entropy':>8} {'exp(S)':>8} {'lowest':>7}{robust}"
    own = found.curves
    for row, temperature in enumerate(own.temperature):
        marks = ("" if found.in_range[row] else BEYOND) + (POSTERIOR if temperature == found.posterior else "")
        line = (
            f"{marks:<2} {temperature:>10.4g} {own.landscape_heat_capacity[row]:>13.5g} {own.entropy[row]:>8.4f} "
            f"{own.effective_minima[row]:>8.4g} {own.lowest_occupation[row]:>7.4f}"
        )
        if shown:
            value, slope = found.averages[shown].value[row], found.averages[shown].slope[row]
            line += f" {value:>22.6g} {slope:>+11.3g}" if np.isfinite(value) else f" {'unknown':>22}"
        yield line
    yield (
        f"heat capacity: the part due to changes between minima; the vibrations add P / 2 = "
        f"{number_text(own.n_parameters / 2)}"
    )
    yield "entropy S: over distinct minima, exp(S) of them; lowest: occupation of the lowest minimum"


def _shown(found: Thermodynamics) -> str | None:
    for wanted in SHOWN:
        for name in found.averages:
            if name.split("@")[0] == wanted:
                return name
    return next(iter(found.averages), None)


def _peaks(found: Thermodynamics) -> Iterator[str]:
    if not found.peaks:
        yield "no peak of the heat capacity between these temperatures"
    for peak in found.peaks:
        beyond = "" if peak.temperature <= found.highest else ", beyond the harmonic range"
        yield f"peak of the heat capacity, {peak.height:.4g} at T = {peak.temperature:.4g}{beyond}"
        yield f"  minima that lose when T rises: {_rows(peak.losing)}; that gain: {_rows(peak.gaining)}"


def _rows(rows: np.ndarray) -> str:
    """Rows of minima, the first ones if there are many."""
    names = ", ".join(map(str, rows[:_MOST_ROWS].tolist()))
    return f"{names}, ... ({len(rows)} minima)" if len(rows) > _MOST_ROWS else names


def _averages(found: Thermodynamics) -> Iterator[str]:
    """Every robustness at the end of the range, with the direction of its change."""
    if not found.averages:
        yield "no robustness is known: 'landscape measure' adds it"
        return
    for count in sorted(set(found.unknown.values())):
        own = [name for name, missing in found.unknown.items() if missing == count]
        names = own[0] if len(own) == 1 else f"{own[0]} and {len(own) - 1} more"
        yield (
            f"{names}: not known for {count} of {found.minima} minima; R is given where these have less than "
            f"{UNKNOWN:.1%} of the occupation"
        )
    inside = np.flatnonzero(found.in_range)
    beyond = "beyond the range" if np.isfinite(found.highest) else "range unknown"
    row, place = (int(inside[-1]), "the last in the range") if len(inside) else (0, beyond)
    temperature = found.curves.temperature[row]
    yield ""
    yield f"R at T = {temperature:.3g}, {place}"
    for name, one in found.averages.items():
        value, slope = one.value[row], one.slope[row]
        changes = abs(slope) * temperature > ROUNDING * max(abs(value), 1.0)
        says = "unknown" if np.isnan(value) else _says(found.signs[name] * slope) if changes else "no change"
        yield f"  {name:<34} {value:>12.6g}   dR/dT {slope:>+11.3g}   {says}"
    yield from EXPLAINED.strip().splitlines()


def _says(slope: float) -> str:
    """The words for the slope of a robustness whose larger values are more robust."""
    return f"robustness {'falls' if slope < 0.0 else 'rises'} with T"
