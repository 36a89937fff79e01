"""Controls: landscapes in which the cue is missing, says nothing, or is as large as everything else.

Without a cue a network of fixed size cannot be right: by the theorem at least (K - 1 - P) / 2 points are wrong. The
checks of all networks hold it to that. A shuffled cue helps only as far as it happens to tell some points apart. Where
inputs are standardised the cue has the variance of x_1: it is a strong feature, with radii larger than those of f_a.
"""

from collections.abc import Iterator, Sequence

from landscape.properties.stripes.changes import least_wrong
from landscape.properties.stripes.columns import LEAST, RELIANCE
from landscape.studies.instability.landscapes import ACCURACY, StripesLandscape


def controls(landscapes: Sequence[StripesLandscape]) -> Iterator[str]:
    """A line for each landscape that is a control."""
    for one in landscapes:
        kind = _kind(one)
        if not kind or not len(one.minima):
            continue
        low, columns = int(one.minima.energy.argmin()), one.minima.columns
        yield (
            f"control, {kind}: {one.told}: accuracy up to {columns[ACCURACY].max():.3f}; the lowest minimum has "
            f"accuracy {columns[ACCURACY][low]:.3f}, reliance {columns[RELIANCE.name][low]:.3f} and a least share of "
            f"the radius of {columns[LEAST.name][low]:.4f}"
        )


def _kind(one: StripesLandscape) -> str:
    if one.options.shuffled:
        return "shuffled cue"
    if one.problem["standardise"]:
        return "standardised"
    if one.options.delta == 0.0:
        wrong = least_wrong(one.options.K - 1, one.most_changes)
        most = 1.0 - wrong / one.options.K
        return f"no cue, at most {most:.3f} by the theorem" if wrong else "no cue"
    return ""
