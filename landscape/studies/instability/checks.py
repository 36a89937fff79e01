"""Theorems that every network on `f_a` obeys: a breach is a mistake of the program.

A network that is right wherever the cue is removed changes its answer K - 1 times on the line without cue. If it
changes c times, at least (K - 1 - c) / 2 of the K points are wrong there, see `landscape.properties.stripes.changes`.
A sample that is wrong there is unstable: it is misclassified, or removing its cue is an adversarial change of size
delta. That holds for every choice of one sample a point, and so `copies` times. And c is bounded by the network's size.
"""

from collections.abc import Iterator

from landscape.declaration import TEST
from landscape.properties.stripes.changes import least_wrong
from landscape.properties.stripes.columns import CHANGES, UNSTABLE
from landscape.studies.instability.landscapes import ACCURACY, Networks, StripesLandscape


def faults(landscape: StripesLandscape) -> Iterator[str]:
    """One line for each breach, of minima and of end points of training."""
    for what, networks in {"minimum": landscape.minima, **landscape.trained}.items():
        yield from (f"{landscape.name}, {what} {line}" for line in _faults(landscape, networks))
    for what, one in (("constructed network", landscape.constructed), ("its quench", landscape.quenched)):
        if one is not None:
            alone = Networks.of_one(one)
            yield from (f"{landscape.name}, {what} {line}" for line in _faults(landscape, alone))


def number_checked(landscape: StripesLandscape) -> int:
    """The number of networks of a landscape that are checked."""
    made = sum(one is not None for one in (landscape.constructed, landscape.quenched))
    return len(landscape.minima) + sum(map(len, landscape.trained.values())) + made


def _faults(landscape: StripesLandscape, networks: Networks) -> Iterator[str]:
    options, most = landscape.options, landscape.most_changes
    for row in range(len(networks)):
        found = float(networks.columns[CHANGES.name][row])
        least = options.copies * least_wrong(options.K - 1, found)
        if found > most:
            yield f"{row}: expected at most {most:g} changes of the answer on a line, found {found:g}"
        for part in ("", TEST) if networks.has_test else ("",):
            unstable = networks.columns[f"{part}{UNSTABLE.name}"][row]
            wrong = landscape.samples * (1.0 - networks.columns[f"{part}{ACCURACY}"][row])
            if unstable < least or unstable < wrong - 1e-9:
                words = "test" if part else "training"
                yield (
                    f"{row}: expected at least {max(least, round(wrong))} unstable {words} samples with {found:g} "
                    f"changes of the answer, found {unstable:g}"
                )
