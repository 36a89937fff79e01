"""The objective of a step of training: the loss of a minibatch in a regime, for many networks at once.

    mean loss at the inputs + trades * mean KL(f(x) || f(x')) + sensitivity * S + jacobian * mean |d f / d x|^2
        + l2 * sum(theta^2) + l1 * sum(|theta|)

The inputs are the samples, with noise if the regime has any, or the ends of attacks on them (Madry et al. 2018, arXiv
1706.06083, equation 2.1). KL is that of the softmax outputs on clean and on attacked inputs (TRADES, Zhang et al.
2019, arXiv 1901.08573, equation 5). S is the log volume of the interval box of the logits (Wang et al. 2018, arXiv
1810.11726), |d f / d x| the Frobenius norm (Hoffman, Roberts and Yaida 2019, arXiv 1908.02729). Dropout leaves out
hidden units at random, separately for each sample, and scales up the others so that means are unchanged (Srivastava et
al. 2014). Attacks and boxes use the network without dropout.

With batch normalisation the objective is that of the network normalised by the minibatch, as a function of the
parameters before folding and of G further numbers, the gains and shifts (`landscape.training.normalisation`).

Shapes: W networks, P parameters, B samples of each, d inputs, K outputs.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from landscape.config.training import Regime
from landscape.errors import ConfigError
from landscape.problems.activations import MONOTONE
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.losses import LOSSES
from landscape.problems.networks.module import Network
from landscape.problems.problem import Problem
from landscape.problems.terms.jacobian import JacobianTerm
from landscape.problems.terms.sensitivity import SensitivityTerm
from landscape.training.attack import NEAR, TRAINING_ATTACKS, ascend, divergence_raised, loss_raised
from landscape.training.draws import Draws, Purpose
from landscape.training.minibatches import Minibatch, TrainingSamples, validation_samples
from landscape.training.normalisation import Normalisation

WIDTH = 1e-2  # |weight| and the logarithm in the sensitivity are smooth below it; default of problem.sensitivity_width


class RegimeObjective:
    """The objective of a regime; random numbers come from `draws`."""

    def __init__(self, problem: Problem, regime: Regime, draws: Draws) -> None:
        """Raises `ConfigError` for a regime that the problem does not admit."""
        check_regime(problem, regime)
        self._network, self._loss = problem.network, LOSSES[problem.loss]
        self._regime, self._draws = regime, draws
        self._trained = dropped(problem.network, regime.dropout, draws) if regime.dropout else problem.network
        self._attack = TRAINING_ATTACKS.get(regime.adversarial)
        self._normalisation = Normalisation(_layered(problem.network, "batch_norm")) if regime.batch_norm else None
        attacked = regime.attack_steps if regime.trades else 0
        attacked += self._attack.steps(regime) if self._attack else 0
        extra = bool(regime.trades) + 2 * bool(regime.sensitivity)
        extra += 2 * problem.network.n_outputs * bool(regime.jacobian)
        self.gradients_per_sample = (1 + attacked + extra) * (2 if regime.sam else 1)

    def start(self, theta: Tensor) -> Tensor:
        """The point [W, P], or [W, P + G] with batch normalisation, from which theta [W, P] trains."""
        return theta if self._normalisation is None else self._normalisation.start(theta)

    def parameters(self, point: Tensor, samples: TrainingSamples) -> Tensor:
        """Parameters [W, P] of the network at a point of training, normalised by all samples that are trained on."""
        if self._normalisation is None:
            return point
        inputs = samples.inputs
        return self._normalisation.folded(point, inputs, inputs.new_full(inputs.shape[1:2], 1.0 / inputs.shape[1]))

    def values(self, point: Tensor, batch: Minibatch, epsilon: float) -> Tensor:
        """Values [W] at a point [W, P] or [W, P + G], to be differentiated by autograd."""
        regime, inputs = self._regime, self._noisy(batch.inputs)
        theta = point if self._normalisation is None else self._normalisation.folded(point, inputs, batch.weights)
        outputs = self._trained.outputs(theta, self._adversarial(theta, inputs, batch, epsilon))
        total = batch.mean(self._losses(outputs, batch))
        if regime.trades:
            total = total + regime.trades * batch.mean(self._divergence(theta, inputs, outputs, epsilon))
        if regime.sensitivity:
            total = total + regime.sensitivity * batch.mean(self._log_volume(theta, inputs, epsilon))
        if regime.jacobian:
            total = total + regime.jacobian * batch.mean(JacobianTerm(self._network).squares(theta, inputs))
        if regime.l2:
            total = total + regime.l2 * theta.square().sum(1)
        if regime.l1:
            total = total + regime.l1 * theta.abs().sum(1)
        return total

    def _noisy(self, inputs: Tensor) -> Tensor:
        if not self._regime.input_noise:
            return inputs
        return inputs + self._regime.input_noise * self._draws.normal(Purpose.INPUT_NOISE, inputs.shape)

    def _losses(self, outputs: Tensor, batch: Minibatch) -> Tensor:
        return self._loss.differentiable(outputs.flatten(0, 1).mT, batch.encoded).view(outputs.shape[:2])

    @torch.no_grad()
    def _adversarial(self, theta: Tensor, inputs: Tensor, batch: Minibatch, epsilon: float) -> Tensor:
        if self._attack is None:
            return inputs
        start = inputs
        if self._attack.random_start:
            start = inputs + epsilon * (2.0 * self._draws.uniform(Purpose.ATTACK, inputs.shape) - 1.0)
        box, raised = (inputs - epsilon, inputs + epsilon), loss_raised(self._loss, batch.encoded)
        return ascend(self._network, theta, start, box, self._attack.steps(self._regime), raised)

    def _divergence(self, theta: Tensor, inputs: Tensor, outputs: Tensor, epsilon: float) -> Tensor:
        with torch.no_grad():
            start = inputs + NEAR * self._draws.normal(Purpose.ATTACK, inputs.shape)
            box, raised = (inputs - epsilon, inputs + epsilon), divergence_raised(self._network.outputs(theta, inputs))
            attacked = ascend(self._network, theta, start, box, self._regime.attack_steps, raised)
        moved = self._trained.outputs(theta, attacked).log_softmax(-1)
        return functional.kl_div(moved, outputs.log_softmax(-1), reduction="none", log_target=True).sum(-1)

    def _log_volume(self, theta: Tensor, inputs: Tensor, epsilon: float) -> Tensor:
        term = SensitivityTerm(_layered(self._network, "sensitivity"), epsilon, WIDTH)
        return (term.logit_widths(theta, inputs) + WIDTH).log().sum(1)


def dropped(network: Network, probability: float, draws: Draws) -> LayeredNetwork:
    """The network for one pass of autograd, with dropout.

    Each hidden unit is left out with the given probability; the others are scaled up.
    """
    layered = _layered(network, "dropout")
    value = layered.activation.value

    def masked(z: Tensor) -> Tensor:
        kept = draws.uniform(Purpose.DROPOUT, z.shape) >= probability
        return value(z) * kept / (1.0 - probability)

    return replace(layered, activation=replace(layered.activation, value=masked))


def check_regime(problem: Problem, regime: Regime) -> None:
    """Raises `ConfigError` for a regime that the problem does not admit."""
    validation_samples(regime, len(problem.inputs))
    if regime.trades and problem.loss != "cross_entropy":
        raise ConfigError(f'[train] trades: expected the loss "cross_entropy", found "{problem.loss}": set it to 0')
    trained = len(problem.inputs) - validation_samples(regime, len(problem.inputs))
    size = min(regime.batch_size, trained)
    if regime.batch_norm and (size == 1 or trained % size == 1):
        raise ConfigError(
            f"[train] batch_norm: expected minibatches of at least two samples, found {trained} samples in minibatches "
            f"of {size}, one of them with a single one: change batch_size"
        )
    if regime.label_noise and not problem.is_classification:
        raise ConfigError("[train] label_noise: expected classes, found a regression: set it to 0")
    for key in ("dropout", "batch_norm", "sensitivity"):
        if getattr(regime, key):
            _layered(problem.network, key)
    if regime.batch_norm and not _layered(problem.network, "batch_norm").biased:
        raise ConfigError("[train] batch_norm: expected layers with biases, found some without: leave it out")
    if regime.sensitivity and not _layered(problem.network, "sensitivity").activation.monotone:
        raise ConfigError(
            f"[train] sensitivity: expected a monotone activation ({', '.join(MONOTONE)}), "
            f'found "{_layered(problem.network, "sensitivity").activation.name}": change it, or set sensitivity to 0'
        )


def _layered(network: Network, key: str) -> LayeredNetwork:
    if isinstance(network, LayeredNetwork):
        return network
    raise ConfigError(
        f"[train] {key}: expected layers with one activation between them, found another network: leave it out"
    )
