"""An objective that counts its evaluations and raises `Abandoned` once the round is given up."""

import threading
from collections.abc import Callable

from torch import Tensor

from landscape.campaign.pools.pool import Abandoned
from landscape.objective import Kernel, Objective, Recorder, Replay


class Counted:
    """The objective of one task, which counts energies, gradients and Hessians; each walker of a batch counts as one.

    Once `abandoned` is set, the next evaluation raises `Abandoned`.
    """

    def __init__(self, objective: Objective, abandoned: threading.Event) -> None:
        self._objective = objective
        self._abandoned = abandoned
        self.n_parameters = objective.n_parameters
        self.device = objective.device
        self.symmetry = objective.symmetry
        self.energy_unit = objective.energy_unit
        self.curvature_threshold = objective.curvature_threshold
        self.smooth = objective.smooth
        self.cheap_hessian = objective.cheap_hessian
        self.evaluations = 0
        self.recorder = None if objective.recorder is None else self._counting(objective.recorder)

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W]."""
        self._count(len(theta))
        return self._objective.energy(theta)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P]."""
        self._count(len(theta))
        return self._objective.energy_and_gradient(theta)

    def kernel(self) -> Kernel | None:
        """The energy for compiled code, whose calls are counted."""
        kernel = self._objective.kernel()
        return None if kernel is None else kernel._replace(called=self._count)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P]."""
        self._count(len(theta))
        return self._objective.hessian(theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Products [W, P]."""
        self._count(len(theta))
        return self._objective.hessian_vector_product(theta, vector)

    def _counting(self, recorder: Recorder) -> Recorder:
        """A recorder that does the work of `recorder` and counts replays too."""

        def record(work: Callable[[], None]) -> Replay:
            counts: list[int] = []

            def counted_work() -> None:
                before = self.evaluations
                work()
                counts.append(self.evaluations - before)

            before = self.evaluations
            replay = recorder(counted_work)
            self.evaluations = before + counts[0]

            def counted_replay() -> None:
                self._count(counts[0])
                after = self.evaluations
                replay()
                self.evaluations = after  # the work counts once, even if the replay runs and counts it

            return counted_replay

        return record

    def _count(self, walkers: int) -> None:
        """Count evaluations. Raises `Abandoned` once the round is given up."""
        if self._abandoned.is_set():
            raise Abandoned
        self.evaluations += walkers
