"""The adversarial term: the mean loss at inputs moved by an attack, the outer part of adversarial training.

Madry et al. 2018, arXiv 1706.06083, equation 2.1; with FGSM as the attack and a weight, Goodfellow et al. 2015, arXiv
1412.6572, section 6. The attack is repeated at every theta: `steps` steps x <- clip(x + s sign(gradient)) from the
sample, s = 2.5 epsilon / steps, in the box of half-width epsilon. There is no random start, so that the energy is a
function of theta. One step is FGSM.

By Danskin's theorem the gradient of a maximum is that of the loss with the maximiser fixed. Here this holds for any
number of steps: signs, and so the perturbation, do not change under small changes of theta. Where a sign does change,
the perturbation and the loss jump: the term is only piecewise smooth. So there are minima and elastic bands, but no
Hessian, index or transition state; a point where a walker stops at a jump is not a minimum.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs. Points are [W, d, N].
"""

from dataclasses import dataclass
from typing import NoReturn

from torch import Tensor
from torch.func import vjp

from landscape.errors import PropertyError
from landscape.numerics.sign_ascent import STEP_FACTOR, sign_step
from landscape.problems.energies.inputs import LossOfInputs
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network
from landscape.problems.terms.term import TermSamples


@dataclass(frozen=True, eq=False)
class AdversarialTerm:
    """Mean over x of the loss at the end of an attack from x, for any network."""

    network: Network
    loss: Loss
    loss_of_inputs: LossOfInputs
    epsilon: float
    steps: int
    kinks = "an adversarial term (adversarial_weight)"
    keeps_gauge = True

    def value(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Values [W]."""
        outputs = self.network.outputs(theta, self.attacked(theta, samples))
        return self.loss.value_and_gradient(outputs.mT, samples.encoded)[0].mean(1)

    def value_and_gradient(self, theta: Tensor, samples: TermSamples) -> tuple[Tensor, Tensor]:
        """Values [W] and gradients [W, P]."""
        points = self.attacked(theta, samples)
        outputs, pull_back = vjp(lambda point: self.network.outputs(point, points), theta)[:2]
        value, delta = self.loss.value_and_gradient(outputs.mT, samples.encoded)
        return value.mean(1), pull_back(delta.mT / len(samples.inputs))[0]

    def hessian_vector_product(self, *_: Tensor | TermSamples) -> NoReturn:
        """Raises `PropertyError`."""
        raise PropertyError(f"a Hessian needs an energy without kinks, found {self.kinks}: leave it out")

    def hessian(self, *_: Tensor | TermSamples) -> NoReturn:
        """Raises `PropertyError`."""
        raise PropertyError(f"a Hessian needs an energy without kinks, found {self.kinks}: leave it out")

    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Number of float64 values touched for each walker: two calls of the network, three points of each sample."""
        touched = 2 * self.network.doubles_per_walker_and_sample + 3 * samples.inputs.shape[1]
        return touched * len(samples.inputs)

    def attacked(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """End points [W, N, d] of the attack on each network."""
        start = samples.inputs.mT.contiguous()
        lower, upper, step = start - self.epsilon, start + self.epsilon, STEP_FACTOR * self.epsilon / self.steps
        points = start.repeat(len(theta), 1, 1)
        for _ in range(self.steps):
            slope = self.loss_of_inputs(theta, points, samples.encoded).gradient
            points = sign_step(points, slope, step, lower, upper)
        return points.mT
