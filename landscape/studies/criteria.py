"""What one search can say of its own completeness: the criteria that decide when it ends, and that every run ends with.

Whether another search of another seed finds the same is for `landscape.studies.completeness` to say.

Shapes: M minima, n minima of the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.graph.depth import components
from landscape.graph.merges import Fallen
from landscape.studies.channels import Channels
from landscape.studies.completeness import MOST_FALLEN, MOST_UNKNOWN, doubling_sentence
from landscape.studies.effort import Searched, fallen_in_last_doubling


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The state of a search."""

    target: np.ndarray  # int64[n], by rising energy
    expected: float  # most minima that two channels make of one known, over the strata of energy; NaN if unknown
    connected: float  # fraction of the target that is connected with the lowest
    fraction: float  # that is to be connected
    states: int  # transition states
    fell: Fallen | None  # merges in the last doubling of the effort; None where the rounds do not tell

    @classmethod
    def of(cls, searched: Searched, target: np.ndarray, tolerance: float, fraction: float = 1.0) -> Self:
        """The state for a target int64[n]; energies that differ by at most the tolerance are equal."""
        minima, states = searched.minima, searched.transition_states
        ratios = [part.estimate / part.known for part in Channels.of(searched).take(target).captures()]
        component = components(len(minima), states.minima)[target]
        return cls(
            target=target,
            expected=float(np.max(ratios)) if ratios else float("nan"),
            connected=float((component == component[:1]).mean()) if len(target) else 0.0,
            fraction=fraction,
            states=len(states),
            fell=fallen_in_last_doubling(searched, target, tolerance),
        )

    @property
    def minima_are_known(self) -> bool:
        """Whether the two channels agree that hardly any minimum is missing, in every stratum of energy."""
        return self.expected <= 1.0 + MOST_UNKNOWN

    @property
    def is_connected(self) -> bool:
        """Whether as much of the target is connected as was asked for."""
        return self.connected >= self.fraction

    @property
    def barriers_have_converged(self) -> bool:
        """Whether hardly any merge energy fell in the last doubling of the effort."""
        return self.fell is not None and self.fell.share < MOST_FALLEN

    def lines(self) -> Iterator[str]:
        """The criteria, each with its number and whether it holds."""
        unknown = np.isnan(self.expected)
        made = "are unknown" if unknown else f"make {self.expected:.2f} of one known"
        yield _line("minima", f"two channels {made}, expected at most {1 + MOST_UNKNOWN:.2f}", self.minima_are_known)
        needed = len(self.target) - 1
        few = f": too few transition states to connect {needed + 1} minima, at least {needed} are needed"
        reason = few if self.states < needed else ""
        yield _line(
            "connections",
            f"{self.connected:.1%} with the lowest, expected {self.fraction:.0%}{reason}",
            self.is_connected,
        )
        yield _line(
            "barriers",
            f"upper bounds: {doubling_sentence(self.fell)}, expected under {MOST_FALLEN:.0%}",
            self.barriers_have_converged,
        )


def _line(name: str, text: str, holds: bool) -> str:
    return f"{name:<13} {text}: {'holds' if holds else 'fails'}"
