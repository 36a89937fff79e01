"""The state of walkers that follow the gradient flow. Shapes: W walkers, P parameters."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class FlowState:
    """Walkers on their way down."""

    # The point.
    origin: Float[Tensor, "W P"]  # the saddle at which the path began
    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    # The next step.
    time: Float[Tensor, " W"]
    curvature: Float[Tensor, " W"]  # the largest, for explicit steps
    steepest: Float[Tensor, "W P"]  # unit vector of that curvature
    # The error.
    error: Float[Tensor, "W P"]  # of the point, propagated along the flow from step to step
    doubtful: Bool[Tensor, " W"]  # true if the error was ever so large that the flow may have left its path
    # The test for contraction.
    falling: Bool[Tensor, " W"]  # true if the last step came nearer to a minimum
    tested: Float[Tensor, " W"]  # length of the gradient below which the next test is due
    # The cost and the status.
    calls: Int[Tensor, " W"]  # steps, including steps given up
    status: Int[Tensor, " W"]
