"""The objective of a step of training: the loss of a minibatch in a regime, for many networks at once.

    mean loss at the inputs + trades * mean KL(f(x) || f(x')) + sensitivity * S + l2 * sum(theta^2) + l1 * sum(|theta|)

The inputs are the samples, with noise if the regime has any, or the ends of attacks on them (Madry et al. 2018, arXiv
1706.06083, equation 2.1). KL is that of the softmax outputs on clean and on attacked inputs (TRADES, Zhang et al.
2019, arXiv 1901.08573, equation 5). S is the log volume of the interval box of the logits (Wang et al. 2018, arXiv
1810.11726). Dropout leaves hidden units out, each with its probability, sample by sample, and scales the others up so
that means stay (Srivastava et al. 2014). Attacks and boxes see whole networks.

Shapes: W networks, P parameters, B samples of each, d inputs, K outputs.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from landscape.config.training import Regime
from landscape.errors import ConfigError
from landscape.problems.activations import MONOTONE
from landscape.problems.networks.layered import DenseNetwork, LayeredNetwork
from landscape.problems.networks.losses import LOSSES
from landscape.problems.networks.module import Network
from landscape.problems.problem import Problem
from landscape.problems.terms.sensitivity import SensitivityTerm
from landscape.training.attack import NEAR, TRAINING_ATTACKS, ascend, divergence_raised, loss_raised
from landscape.training.draws import Draws, Purpose
from landscape.training.minibatches import Minibatch, validation_samples

WIDTH = 1e-2  # below which |weight| and the logarithm in S are rounded off, the default of problem.sensitivity_width


class RegimeObjective:
    """The objective of a regime; random numbers come from `draws`."""

    def __init__(self, problem: Problem, regime: Regime, draws: Draws) -> None:
        """Raises `ConfigError` for a regime that the problem does not admit."""
        check_regime(problem, regime)
        self._network, self._loss = problem.network, LOSSES[problem.loss]
        self._regime, self._draws = regime, draws
        self._trained = dropped(problem.network, regime.dropout, draws) if regime.dropout else problem.network
        self._attack = TRAINING_ATTACKS.get(regime.adversarial)
        attacked = regime.attack_steps if regime.trades else 0
        attacked += self._attack.steps(regime) if self._attack else 0
        self.gradients_per_sample = 1 + attacked + bool(regime.trades) + 2 * bool(regime.sensitivity)

    def values(self, theta: Tensor, batch: Minibatch, epsilon: float) -> Tensor:
        """Values [W] at theta [W, P], to be differentiated by autograd."""
        regime, inputs = self._regime, self._noisy(batch.inputs)
        outputs = self._trained.outputs(theta, self._adversarial(theta, inputs, batch, epsilon))
        total = batch.mean(self._losses(outputs, batch))
        if regime.trades:
            total = total + regime.trades * batch.mean(self._divergence(theta, inputs, outputs, epsilon))
        if regime.sensitivity:
            total = total + regime.sensitivity * batch.mean(self._log_volume(theta, inputs, epsilon))
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
        term = SensitivityTerm(_dense(self._network), epsilon, WIDTH)
        return (term.logit_widths(theta, inputs) + WIDTH).log().sum(1)


def dropped(network: Network, probability: float, draws: Draws) -> LayeredNetwork:
    """The network for one pass of autograd, hidden units left out with that probability, the others scaled up."""
    layered = _layered(network)
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
    if regime.dropout:
        _layered(problem.network)
    if regime.sensitivity and not _dense(problem.network).activation.monotone:
        raise ConfigError(
            f"[train] sensitivity: expected a monotone activation ({', '.join(MONOTONE)}), "
            f'found "{_dense(problem.network).activation.name}": change it, or set sensitivity to 0'
        )


def _dense(network: Network) -> DenseNetwork:
    if isinstance(network, DenseNetwork):
        return network
    raise ConfigError("[train] sensitivity: expected a network of dense layers, found another: set it to 0")


def _layered(network: Network) -> LayeredNetwork:
    if isinstance(network, LayeredNetwork):
        return network
    raise ConfigError("[train] dropout: expected layers with one activation between them, found another: set it to 0")
