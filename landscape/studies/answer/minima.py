"""The minima of one landscape and their columns to correlate: all minima that a search found, or those of a sample.

A landscape with too many minima to be listed is sampled by independent quenches from one law of starts. Each minimum
then stands for itself and for similar minima that the quenches may have missed (`landscape.statistics.visits`, by
energy and log det of the Hessian), so that a correlation represents all minima. If the quenches missed too many minima
for that, each minimum counts as often as quenches met it, and a correlation is over the quenches of this law.

Shapes: M minima in the order of their discovery, E values of epsilon.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.messages import listed
from landscape.statistics.correlations import distinct_rows
from landscape.statistics.coverage import coverage
from landscape.statistics.visits import VisitLaw, fitted, inverse_weights, redrawn
from landscape.studies.columns import column, column_family, property_columns

MEASURES = {"deeper": "depth", "flatter": "hessian_trace"}
"""The properties whose smaller values are deeper and flatter. The trace without the L2 part ranks minima alike."""
MARGIN_COLUMN = "margin_linf"
LOG_DETERMINANT = "hessian_log_determinant"
NEEDED = {"hessian_trace", "accuracy", MARGIN_COLUMN, "robust_accuracy"}
LEAST_MINIMA = 8  # distinct minima
MOST_UNSEEN = 0.4  # largest probability of a new minimum in a further quench at which weights can represent all minima


class Visits(NamedTuple):
    """Number of quenches that ended in each minimum of a sample, and the covariates on which it depends."""

    hits: np.ndarray  # int64[M]
    covariates: np.ndarray  # [M, 2]: energy and log det of the Hessian

    def law(self, near: VisitLaw | None = None) -> VisitLaw:
        """The law fitted to the visits; the fit begins at the law `near`."""
        return fitted(self.hits, self.covariates, near)

    def weights(self, law: VisitLaw) -> np.ndarray:
        """Number [M] of minima for which each minimum stands."""
        return inverse_weights(self.hits, self.covariates, law)

    def resampled(self, random: np.random.Generator) -> np.ndarray:
        """Hits [M] of the minima in a resample of the quenches, drawn with replacement."""
        return random.multinomial(self.hits.sum(), self.hits / self.hits.sum())

    def redrawn(self, law: VisitLaw, weights: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, "Visits"]:
        """Rows of the minima in which simulated quenches end, and their visits."""
        rows, hits = redrawn(self.covariates, law, weights, random)
        return rows, Visits(hits, self.covariates[rows])


@dataclass(frozen=True, kw_only=True)
class MeasuredMinima:
    """Columns [M] of the distinct minima of a landscape, or of the basins that the quenches of a sample met."""

    depth: np.ndarray
    hessian_trace: np.ndarray
    accuracy: np.ndarray
    margin: np.ndarray
    robust: np.ndarray  # [M, E]
    epsilon: tuple[float, ...]
    visits: Visits | None = None  # None unless the minima come from a sample

    @classmethod
    def of(cls, db: Database, asked: np.ndarray) -> "MeasuredMinima":
        """The columns of the minima in the rows `asked` int64.

        Raises PropertyError if one of these minima was not measured.
        """
        missing = sorted(NEEDED - {*db.properties("minima")})
        if missing:
            raise PropertyError(
                f"Expected minima with {listed(missing, 'and')}, found none measured: continue the search, or run "
                "'landscape measure' with the file."
            )
        family = column_family(db, "robust_accuracy")
        names = (*MEASURES.values(), "accuracy", MARGIN_COLUMN)
        asked = np.sort(asked)
        columns = {name: column(db, name).values[asked] for name in names}
        if left := int(np.isnan(columns["accuracy"]).sum()):
            raise PropertyError(
                f"Expected all {len(asked)} minima that are asked for to be measured, found {left} that are not: "
                "continue the search, or run 'landscape measure' with the file."
            )
        robust = {one.name: one.values[asked] for one in family}
        rows, _ = distinct_rows({**columns, **robust})
        return cls(
            **{name: columns[name][rows] for name in (*MEASURES.values(), "accuracy")},
            margin=columns[MARGIN_COLUMN][rows],
            robust=np.stack([robust[one.name][rows] for one in family], axis=1),
            epsilon=tuple(float("nan") if one.epsilon is None else one.epsilon for one in family),
        )

    @classmethod
    def of_sample(cls, db: Database) -> "MeasuredMinima":
        """The columns of the basins that the quenches of a sample met.

        Raises PropertyError if one of these basins was not measured.
        """
        stored, quenches = db.properties("sampled_quenches"), db.sampled_quenches
        missing = sorted({*NEEDED, LOG_DETERMINANT} - {*stored})
        if missing:
            raise PropertyError(
                f"Expected sampled quenches with {listed(missing, 'and')}, found none measured: run 'landscape measure "
                "--sampled' with the file."
            )
        rows, hits = np.unique(quenches.basin[quenches.basin >= 0], return_counts=True)
        accuracy = stored["accuracy"].values[rows]
        if left := int(np.isnan(accuracy).sum()):
            raise PropertyError(
                f"Expected all {len(rows)} basins that were met to be measured, found {left} that are not: run "
                "'landscape measure --sampled' with the file."
            )
        family = property_columns("robust_accuracy", stored["robust_accuracy"])
        energy = quenches.energy[rows]
        return cls(
            depth=energy - energy.min(initial=np.inf),
            hessian_trace=stored["hessian_trace"].values[rows],
            accuracy=accuracy,
            margin=stored[MARGIN_COLUMN].values[rows],
            robust=np.stack([one.values[rows] for one in family], axis=1),
            epsilon=tuple(float("nan") if one.epsilon is None else one.epsilon for one in family),
            visits=Visits(hits, np.stack([energy, stored[LOG_DETERMINANT].values[rows]], axis=1)),
        )

    @property
    def unseen(self) -> float:
        """The probability that a further quench ends in a new minimum; 0 if all minima are listed."""
        return 0.0 if self.visits is None else coverage(self.visits.hits).unseen_mass

    @property
    def is_sparse(self) -> bool:
        """True if the quenches of a sample missed so many minima that nothing can be said of all minima."""
        return self.unseen > MOST_UNSEEN

    def take(self, rows: np.ndarray, visits: Visits | None) -> "MeasuredMinima":
        """The minima in some rows, with the given visits."""
        names = ("depth", "hessian_trace", "accuracy", "margin", "robust")
        return replace(self, **{name: getattr(self, name)[rows] for name in names}, visits=visits)

    def __len__(self) -> int:
        return len(self.depth)


def common_epsilon(landscapes: Sequence[MeasuredMinima]) -> int:
    """The place of the measured epsilon at which robust accuracy is nearest to half of clean accuracy.

    Both accuracies are medians over the minima of a landscape; their difference is averaged over landscapes. Raises
    PropertyError if landscapes were measured at different epsilons.
    """
    measured = sorted({one.epsilon for one in landscapes})
    if len(measured) != 1:
        first, second = ("[" + ", ".join(f"{value:g}" for value in one) + "]" for one in measured[:2])
        raise PropertyError(
            f"Expected landscapes measured at the same epsilon, found {first} and {second}: measure them alike with "
            "'landscape measure FILE.h5 --epsilon'."
        )
    gaps = [np.median(one.robust, axis=0) - 0.5 * np.median(one.accuracy) for one in landscapes if len(one)]
    return int(np.abs(np.mean(gaps, axis=0)).argmin()) if gaps else 0
