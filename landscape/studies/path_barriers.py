"""Barriers on the stored paths through transition states, and the correlation of barriers in energy and robustness.

The barrier of a quantity whose larger values are worse, such as the energy or the adversarial loss, is its rise from
the worse of the two minima to the transition state between them,

    v(transition state)  -  max(v(first minimum), v(second minimum)),

negative if the state is better than the worse minimum. In energy the barrier is the climb from the higher minimum. The
same definition serves energy and robustness, so a robustness that follows the energy gives rho = 1. The definition
leaves out the difference between the two minima, which is no barrier. Robustness may be worst elsewhere on the path, so
the number of paths with any point worse than both ends is reported as well.

The correlations describe the transition states of a landscape, which share hidden units and samples: they allow no
inference. The partial correlation holds three columns fixed: the barrier of the clean loss, which is a part of the
adversarial loss; the length of the path, since every quantity can rise more on a long path; and whether the
rearrangement is degenerate, since both barriers tend to be high between two copies of one minimum.

Only distinct transition states count, including degenerate rearrangements. States that agree in energy, negative
eigenvalue, squared norm and the energies of their minima are mirror images under a symmetry of the data and count once.

Shapes: T transition states, K of them with a known path, D of these distinct; I points of a path, E perturbation sizes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Property
from landscape.errors import PropertyError
from landscape.messages import number_text
from landscape.statistics.correlations import MINIMUM_ROWS, Correlation, correlate, distinct_rows

PREFIX = "path_"
RISE = 1e-6  # of adversarial loss, above rounding
ENERGY_BARRIER = "energy_barrier"
CONTROLS = ("clean_loss_barrier", "path_length", "degenerate")


@dataclass(frozen=True, kw_only=True)
class StoredPaths:
    """The known paths of a database, from the first minimum of each transition state to the second."""

    states: np.ndarray  # int64[K] rows of the transition states
    minima: np.ndarray  # int64[K, 2] rows of the minima at the two ends
    length: np.ndarray  # float64[K] arc length from end to end
    position: np.ndarray  # float64[K, I] arc length so far over `length`; the transition state is at point `middle`
    epsilon: tuple[str, ...]  # names of the perturbation sizes
    values: Mapping[str, np.ndarray]  # by property, float64[K, I] or [K, I, E]

    def __len__(self) -> int:
        return len(self.states)

    @property
    def degenerate(self) -> np.ndarray:
        """True, bool[K], for paths that join two copies of one minimum."""
        return np.asarray(self.minima[:, 0] == self.minima[:, 1])

    @property
    def middle(self) -> int:
        """The index of the point of every path at which the transition state is."""
        return len(self.position[0]) // 2

    def take(self, places: np.ndarray) -> "StoredPaths":
        """The paths at the given places int64 among the K."""
        return replace(
            self,
            states=self.states[places],
            minima=self.minima[places],
            length=self.length[places],
            position=self.position[places],
            values={name: values[places] for name, values in self.values.items()},
        )


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Barriers [D] of distinct transition states, and their correlations."""

    paths: StoredPaths
    energy: np.ndarray  # [D]
    adversarial_loss: Mapping[str, np.ndarray]  # by epsilon, [D]
    worse_states: Mapping[str, int]  # by epsilon, number of states with a larger adversarial loss than both minima
    worse_paths: Mapping[str, int]  # by epsilon, number of paths with a larger one at any point than at both ends
    table: tuple[Correlation, ...]  # one row per epsilon


def stored_paths(db: Database, epsilon: Sequence[str] = ()) -> StoredPaths:
    """The paths stored by `landscape measure FILE --paths`, at the perturbation sizes `epsilon`, by default all.

    Raises PropertyError if there are no paths, and for a perturbation size that was not measured.
    """
    stored = {
        name.removeprefix(PREFIX): one
        for name, one in db.properties("transition_states").items()
        if name.startswith(PREFIX)
    }
    if not stored:
        raise PropertyError("Expected stored paths, found none: run 'landscape measure FILE --paths' first.")
    arc_length = stored["arc_length"].values
    states = np.flatnonzero(np.isfinite(arc_length).all(axis=1))
    if not len(states):
        raise PropertyError(
            f"Expected paths that end in the minima of their transition states, found none of {len(arc_length)}: "
            "find more transition states, then run 'landscape measure FILE --paths'."
        )
    arc_length = arc_length[states]
    names = _epsilon_names(stored["adversarial_loss"])
    chosen = [_place(name, names) for name in epsilon] or list(range(len(names)))
    length = arc_length[:, -1] - arc_length[:, 0]
    return StoredPaths(
        states=states,
        minima=db.transition_states.minima[states],
        length=length,
        position=(arc_length - arc_length[:, :1]) / length[:, None],
        epsilon=tuple(names[place] for place in chosen),
        values={
            name: one.values[states] if one.values.ndim == 2 else one.values[states][:, :, chosen]
            for name, one in stored.items()
            if name != "arc_length"
        },
    )


def barrier(values: np.ndarray) -> np.ndarray:
    """Rise [K] of values [K, I] from the worse (larger) end of each path to its middle."""
    rise: np.ndarray = values[:, values.shape[1] // 2] - np.maximum(values[:, 0], values[:, -1])
    return rise


def distinct_states(db: Database, paths: StoredPaths) -> StoredPaths:
    """The paths of distinct transition states: of mirror images only the first remains."""
    states = db.transition_states
    ends = np.sort(db.minima.energy[paths.minima], axis=1)
    squared_norm = np.sum(states.parameters[paths.states] ** 2, axis=1)
    columns = {
        "energy": states.energy[paths.states],
        "eigenvalue": states.eigenvalue[paths.states],
        "squared_norm": squared_norm,
        "lower": ends[:, 0],
        "higher": ends[:, 1],
    }
    return paths.take(distinct_rows(columns)[0])


def highest_barriers(paths: StoredPaths, number: int) -> StoredPaths:
    """The paths with the highest energy barriers, at most `number`; of each pair of minima only that of lowest state.

    Degenerate rearrangements come last.
    """
    height = barrier(paths.values["energy"])
    pairs = np.sort(paths.minima, axis=1)
    lowest_first = np.argsort(paths.values["energy"][:, paths.middle], kind="stable")
    _, first = np.unique(pairs[lowest_first], axis=0, return_index=True)
    places = lowest_first[first]
    order = np.lexsort((-height[places], paths.degenerate[places]))
    return paths.take(places[order][:number])


def relate(paths: StoredPaths) -> Relation:
    """Correlate the barriers in energy and in adversarial loss on the paths of distinct transition states.

    Raises PropertyError below 8 distinct transition states.
    """
    if len(paths) < MINIMUM_ROWS:
        raise PropertyError(
            f"Expected paths of at least {MINIMUM_ROWS} distinct transition states to correlate, found {len(paths)}: "
            "find more transition states, or choose a smaller l2."
        )
    energy = barrier(paths.values["energy"])
    losses = {name: paths.values["adversarial_loss"][:, :, place] for place, name in enumerate(paths.epsilon)}
    robustness = {name: barrier(loss) for name, loss in losses.items()}
    held = (barrier(paths.values["clean_loss"]), paths.length, paths.degenerate.astype(np.float64))
    table = correlate({ENERGY_BARRIER: energy}, robustness, controls=dict(zip(CONTROLS, held, strict=True)))
    return Relation(
        paths=paths,
        energy=energy,
        adversarial_loss=robustness,
        worse_states={name: int(np.sum(rise > RISE)) for name, rise in robustness.items()},
        worse_paths={name: int(np.sum(_highest(loss) > RISE)) for name, loss in losses.items()},
        table=table,
    )


def _highest(values: np.ndarray) -> np.ndarray:
    """Rise [K] of values [K, I] from the larger end of each path to its highest point."""
    rise: np.ndarray = values.max(axis=1) - np.maximum(values[:, 0], values[:, -1])
    return rise


def _epsilon_names(stored: Property) -> tuple[str, ...]:
    """A name for each perturbation size: its number, or [place] if it has one number per feature."""
    entries = stored.settings["epsilon"]
    return tuple(number_text(e) if isinstance(e, int | float) else f"[{place}]" for place, e in enumerate(entries))


def _place(name: str, names: Sequence[str]) -> int:
    try:
        wanted = number_text(float(name))
    except ValueError:
        wanted = name
    if wanted not in names:
        raise PropertyError(f"Expected an epsilon that was measured ({', '.join(names)}), found '{name}': name one.")
    return names.index(wanted)
