"""The stationary point theta = 0 of a network, with the best output biases: its index in closed form.

Let all weights and hidden biases be zero. If the activation f has f(0) = 0, all hidden values are zero, and the outputs
are the output biases b. They are best where the convex function mean loss(b) + l2 |b|^2 is least; then the point is
stationary. With the gradients g_n of the loss in the outputs, and the input x_n of the last hidden layer with a one
appended for its biases, let

    G = mean_n g_n x_n',    singular values s_1 >= s_2 >= ...

Of the second derivatives only the following do not vanish: 2 l2 on the diagonal, those in b, which are positive, and
f'(0) G between the outgoing and the incoming weights of each unit of the last hidden layer. So the Hessian has the
eigenvalues 2 l2 +- f'(0) s_i, once for each of the H units, and none below 2 l2 besides:

    index = H * number of s_i with f'(0) s_i > 2 l2.

This holds for cross-entropy and the mean squared error, for any classes or values. Below a further hidden layer the
values that enter the last one are zero too: of x_n only the one is left.

G depends on l2, since stationarity of b makes the mean of g_n equal -2 l2 b:

    G = -c cov(y, x) - 2 l2 b(l2) mean(x)',    c = 1 for cross-entropy, 2 / K for the mean squared error.

For balanced classes, cross-entropy and standardised inputs b = 0, and the index changes at l2 = f'(0) s_i / 2. In
general these values solve a scalar equation. For odd activations two branches of further stationary points, one the
mirror image of the other, meet theta = 0 at each of them: a pitchfork. The singular directions of a linear network are
those of Baldi and Hornik, Neural Networks 2, 53 (1989).

Only arrays are used here, so that an overview needs no torch. Shapes: N samples, d inputs, K outputs, P parameters, L
values of l2, R <= K + 1 coordinates that stand for the d + 1 of x.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from landscape.config.tables import ProblemConfig

Array = np.ndarray

SLOPES = {"tanh": 1.0, "gelu": 0.5, "silu": 0.5, "identity": 1.0}
"""Slopes at 0 of the smooth activations that vanish there."""

TERMS = ("l1", "sensitivity_weight", "adversarial_weight", "jacobian_weight")
ROUNDING = 1e-10  # singular values below this part of the largest possible one are rounding
GRID = 1000  # values of l2 between which changes of the index are located
HALVINGS = 60
MOST_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The point theta = 0 with the best output biases, of one problem at every l2.

    Attributes: `sizes`, units of all layers, the inputs first; `slope`, f'(0); `softmax`, true for cross-entropy;
    `target_mean` [K]; `covariance` [K, R], c cov(y, x) in an orthonormal basis of inputs; `input_mean` [R], mean(x) in
    this basis; `scale`, the largest singular value that a covariance of inputs and targets of these sizes may have.
    """

    sizes: tuple[int, ...]
    slope: float
    softmax: bool
    target_mean: Array
    covariance: Array
    input_mean: Array
    scale: float

    @classmethod
    def of(cls, config: ProblemConfig, inputs: Array, targets: Array) -> Self | None:
        """The point for inputs [N, d] and targets int64[N] or float64[N, K], as the loss sees them; None where the
        closed form does not hold.

        It holds for dense networks with hidden units, a smooth activation that is 0 at 0, l2 > 0 and no further terms
        of the energy.
        """
        slope = SLOPES.get(config.activation, 0.0)
        added = config.convolution or any(getattr(config, name) for name in TERMS)
        if not config.hidden or not slope or added or not config.l2:
            return None
        encoded, softmax = _encoded(targets, config.label_smoothing), config.loss == "cross_entropy"
        entering = np.column_stack([inputs if len(config.hidden) == 1 else inputs[:, :0], np.ones(len(inputs))])
        centred = (encoded - encoded.mean(0)) * (1.0 if softmax else 2.0 / encoded.shape[1])
        covariance, mean = centred.T @ entering / len(inputs), entering.mean(0)
        basis = np.linalg.qr(np.vstack([covariance, mean]).T)[0]
        return cls(
            sizes=(inputs.shape[1], *config.hidden, encoded.shape[1]),
            slope=slope,
            softmax=softmax,
            target_mean=encoded.mean(0),
            covariance=covariance @ basis,
            input_mean=mean @ basis,
            scale=float(np.linalg.norm(centred) * np.linalg.norm(entering) / len(inputs)),
        )

    def biases(self, l2: Array) -> Array:
        """The best output biases [L, K] at l2 [L]: they minimise mean loss + l2 |b|^2."""
        if self.softmax:
            return _softmax_biases(self.target_mean, l2)
        biases: Array = self.target_mean / (1.0 + len(self.target_mean) * l2[:, None])
        return biases

    def singular_values(self, l2: Array) -> Array:
        """The singular values [L, min(K, R)] of G at l2 [L], the largest first."""
        pull = 2.0 * l2[:, None] * self.biases(l2)
        values: Array = np.linalg.svd(self.covariance + pull[:, :, None] * self.input_mean, compute_uv=False)
        return values

    def index(self, l2: float, threshold: float = 0.0) -> int:
        """The number of eigenvalues of the Hessian below -threshold at this l2."""
        return self.sizes[-2] * int((self._excess(np.array([l2])) > threshold).sum())

    def lowest_eigenvalue(self, l2: float) -> float:
        """The lowest eigenvalue of the Hessian at this l2."""
        return -float(self._excess(np.array([l2])).max())

    def critical_l2(self) -> Array:
        """The values of l2 at which the index changes, the largest first; above the largest, theta = 0 is a minimum.

        They are located by bisection to rounding, between the values of a grid in equal ratios: two changes within one
        step of it (2.4 %) that undo each other are not seen.
        """
        # |2 l2 b| is the gradient of a Moreau envelope of the loss at 0, and so at most the gradient there.
        pull = float(np.linalg.norm(self._gradient_at_zero()) * np.linalg.norm(self.input_mean))
        most = float(np.linalg.norm(self.covariance, 2)) + pull
        top, least = 0.5 * self.slope * most, ROUNDING * max(self.scale, most)
        if top <= least:
            return np.empty(0)
        grid = np.geomspace(least, 1.01 * top, GRID)
        above = self._excess(grid) > 0.0
        rows, columns = np.nonzero(above[1:] != above[:-1])
        low, high = grid[rows], grid[rows + 1]
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            same = (self._excess(middle)[np.arange(len(rows)), columns] > 0.0) == above[rows, columns]
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found: Array = np.sort(0.5 * (low + high))[::-1]
        return found

    def parameters(self, l2: float) -> Array:
        """The point theta [P] itself at this l2, in network order."""
        weights = sum(n_out * (n_in + 1) for n_in, n_out in pairwise(self.sizes)) - self.sizes[-1]
        return np.concatenate([np.zeros(weights), self.biases(np.array([l2]))[0]])

    def _excess(self, l2: Array) -> Array:
        """The lowest eigenvalues [L, min(K, R)] with the opposite sign, f'(0) s_i - 2 l2."""
        excess: Array = self.slope * self.singular_values(l2) - 2.0 * l2[:, None]
        return excess

    def _gradient_at_zero(self) -> Array:
        """The gradient [K] of the mean loss in the outputs, where these are zero."""
        outputs = len(self.target_mean)
        gradient: Array = 1.0 / outputs - self.target_mean if self.softmax else -2.0 / outputs * self.target_mean
        return gradient


def _encoded(targets: Array, smoothing: float) -> Array:
    """Targets [N, K]: values, or shares of the classes."""
    if targets.ndim > 1:
        return targets
    shares = np.eye(int(targets.max()) + 1)[targets]
    smoothed: Array = (1.0 - smoothing) * shares + smoothing / shares.shape[1]
    return smoothed


def _softmax_biases(shares: Array, l2: Array) -> Array:
    """The biases [L, K] at which softmax(b) + 2 l2 b = shares [K], at l2 [L], by Newton's method.

    Parts of a step in which no difference of two biases changes by more than one lower the convex function, whose third
    derivative along a step is at most its second times the largest such difference. The biases sum to zero.
    """
    biases = np.zeros((len(l2), len(shares)))
    ridge = 2.0 * l2[:, None]
    for _ in range(MOST_STEPS):
        exponentials = np.exp(biases - biases.max(1, keepdims=True))
        probability = exponentials / exponentials.sum(1, keepdims=True)
        hessian = (probability + ridge)[:, :, None] * np.eye(len(shares))
        hessian -= probability[:, :, None] * probability[:, None]
        step = np.linalg.solve(hessian, (shares - probability - ridge * biases)[:, :, None])[:, :, 0]
        step -= step.mean(1, keepdims=True)
        biases += step / np.maximum(1.0, np.ptp(step, axis=1))[:, None]
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return biases
