"""Limited-memory BFGS for many walkers, each with its own history, step and status (Nocedal 1980).

There are three ways of computing it, see README.md in the folder above: `LBFGS` has the settings and chooses the way
for an energy. The step is capped in length; `rule.py` has the rule by which trials are accepted.
Shapes: W walkers, P parameters.
"""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from landscape.objective import Energy
from landscape.optimize.driver import Method
from landscape.optimize.lbfgs.batched import Batched
from landscape.optimize.lbfgs.lanes import InLanes
from landscape.optimize.lbfgs.one_by_one import OneByOne
from landscape.optimize.lbfgs.state import LBFGSSettings, LBFGSState


@dataclass(frozen=True)
class LBFGS(LBFGSSettings):
    """L-BFGS, computed in the fastest way for an energy."""

    def way(self, energy: Energy) -> Method[Energy, Any]:
        """The way of computing for this energy; each way has its own type of state."""
        kernel = energy.kernel()
        if energy.device.type != "cpu":
            way: type[Batched | InLanes | OneByOne] = Batched
        elif kernel is not None and kernel.lanes is not None and not self.precondition:
            way = InLanes
        else:
            way = OneByOne
        return way(**vars(self))

    def doubles_per_walker(self, objective: Energy) -> int:
        """Number of float64 values that the way keeps for a walker."""
        return self.way(objective).doubles_per_walker(objective)

    def init(self, objective: Energy, points: Float[Tensor, "W P"]) -> LBFGSState:
        """Fresh walkers at points [W, P]."""
        state: LBFGSState = self.way(objective).init(objective, points)
        return state

    def step(self, objective: Energy, state: LBFGSState) -> LBFGSState:
        """One trial of every running walker, or several if the way takes several at a time."""
        stepped: LBFGSState = self.way(objective).step(objective, state)
        return stepped
