"""The state of walkers that follow the gradient flow. Shapes: W walkers, P parameters."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class FlowState:
    """Walkers on their way down."""

    # The point.
    origin: Float[Tensor, "W P"]  # where the way began
    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    gradient: Float[Tensor, "W P"]
    # The next step.
    time: Float[Tensor, " W"]
    curvature: Float[Tensor, " W"]  # the largest, for explicit steps
    steepest: Float[Tensor, "W P"]  # unit vector of that curvature
    # The error.
    error: Float[Tensor, "W P"]  # of the point, as the flow has carried it on from step to step
    doubtful: Bool[Tensor, " W"]  # whether it has ever been so large that the flow may have left its way
    # The test for contraction.
    falling: Bool[Tensor, " W"]  # whether the last step came nearer to a minimum
    tested: Float[Tensor, " W"]  # length of the gradient below which the next test is due
    # The account.
    calls: Int[Tensor, " W"]  # steps, those that are given up too
    status: Int[Tensor, " W"]
