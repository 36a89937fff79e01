"""Who has found what: each end point is re-evaluated with the numpy network that the tests use as their reference."""

from dataclasses import dataclass

import numpy as np

from tests.benchmarks.landscapes import RMS, Landscape
from tests.benchmarks.worker import Worker
from tests.problems.reference import NumpyNetwork


@dataclass(frozen=True)
class Round:
    """What a worker has done: verified minima, saddles on which it has stopped, and failures."""

    who: str
    minima: int
    saddles: int
    failures: int
    calls: float
    seconds: float

    @property
    def rate(self) -> float:
        """Verified minima per second of CPU time."""
        return self.minima / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.who} {self.rate:.1f}/s ({self.minima} minima, {self.saddles} saddles, {self.failures} failures, "
            f"{self.calls:.0f} calls, {1e6 * self.seconds / (self.calls * self.quenches):.1f} us a call)"
        )

    @property
    def quenches(self) -> int:
        """Starts of the round."""
        return self.minima + self.saddles + self.failures


class Judge:
    """Counts minima: RMS gradient at most 1e-7, no Hessian eigenvalue below -1e-3 * 2 * l2."""

    def __init__(self, landscape: Landscape, l2: float) -> None:
        self.l2 = l2
        self.network = NumpyNetwork(*landscape.samples(), landscape.hidden, l2)

    def round(self, worker: Worker, starts: int) -> Round:
        """Lets a worker quench all starts, and counts."""
        answer = worker.ask(l2=self.l2, starts=starts)
        converged = [theta for theta in np.array(answer["theta"]) if self._rms(theta) <= RMS]
        minima = sum(np.linalg.eigvalsh(self.network.hessian(theta))[0] >= -2e-3 * self.l2 for theta in converged)
        return Round(
            worker.versions,
            int(minima),
            len(converged) - int(minima),
            starts - len(converged),
            float(np.mean(answer["calls"])),
            answer["seconds"],
        )

    def _rms(self, theta: np.ndarray) -> float:
        return float(np.sqrt(np.mean(self.network.gradient(theta) ** 2)))
