"""The loss landscape of a network: E(theta) = mean loss over the samples + l2 * sum(theta^2), biases included, plus the
terms that the [problem] table adds, see `landscape.problems.terms`.

A `Problem` combines a data set, a network, a loss and the L2 weight, fulfils `Objective` and knows the symmetry of its
network. Shapes: W walkers, P parameters, N samples, d inputs, K outputs; float64.
"""

import math
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from landscape.config.run_file import RunConfig
from landscape.config.sources import options_of
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError, PropertyError
from landscape.messages import did_you_mean, listed
from landscape.objective import Kernel, Symmetry
from landscape.problems.activations import KINKED, SMOOTH
from landscape.problems.data.datasets import DataSet, from_arrays, load
from landscape.problems.energies.form import Definition
from landscape.problems.energies.inputs import LossOfInputs, loss_of_inputs
from landscape.problems.energy import NetworkEnergy
from landscape.problems.networks.architecture import configured_network
from landscape.problems.networks.given import check_module
from landscape.problems.networks.losses import LOSSES, check_targets, smoothed
from landscape.problems.networks.module import Network
from landscape.problems.networks.origin import Origin
from landscape.problems.networks.torch_modules import module_with, network_of, of_flat_images
from landscape.problems.terms.added import terms_of
from landscape.problems.terms.term import WeightedTerm

UNIT_L2 = 1e-4  # below it the lowest curvatures, and so all tolerances, shrink in proportion to l2
LEAST_UNIT = 1e-4  # far above the rounding errors of energies


class Problem:
    """The regularised loss of a network on a data set, for many walkers at once.

    Attributes: `network`; `smooth`, true if the energy has a Hessian everywhere; `inputs` [N, d]; `targets` int64[N] or
    float64[N, K], and `encoded` [K, N], as the loss takes them; `test_inputs` and `test_targets`, None without a test
    split; `l2`; `terms`, the further terms of the energy; `loss`, its name; `loss_of_inputs`, the loss of samples that
    attacks raise, without label smoothing; `symmetry`; `device`; `energy_unit`, l2 / 1e-4 clipped to [1e-4, 1] (1 when
    l2 is 0); `curvature_threshold`, 1e-3 * 2 * l2 (1e-9 when l2 is 0); `config`, None for a module's problem;
    `recorder` of energies, for known layers without terms on a GPU (see `landscape.optimize.recording`), else None.
    """

    def __init__(self, *, device: str = "cpu", seed: int = 0, **table: object) -> None:
        """Problem from the keys of a run file's [problem] table, for instance
        ``Problem(dataset="iris", hidden=[10], l2=1e-3)``; `seed` draws the test split and the subset, unless
        the key `subset_seed` is set.

        Raises `ConfigError` for unusable keys and `DataError` for unusable data.
        """
        config = ProblemConfig.from_table(table)
        self._assemble_configured(config, data_of(config, seed), device)

    @classmethod
    def from_toml(cls, path: str | Path, device: str = "cpu") -> "Problem":
        """The problem of a run file; raises `ConfigError` or `DataError`."""
        run = RunConfig.from_toml(path)
        return cls(device=device, seed=run.run.seed, **run.problem.model_dump())

    @classmethod
    def from_data(cls, config: ProblemConfig, data: DataSet, device: str = "cpu") -> "Problem":
        """The problem of a run file on given data, such as those stored in a database."""
        problem = cls.__new__(cls)
        problem._assemble_configured(config, data, device)  # noqa: SLF001 # a second constructor
        return problem

    @classmethod
    def from_module(
        cls,
        module: torch.nn.Module,
        inputs: np.ndarray | Tensor,
        targets: np.ndarray | Tensor,
        *,
        l2: float,
        loss: str = "cross_entropy",
        device: str = "cpu",
    ) -> "Problem":
        """A torch module in evaluation mode on inputs [N, d] and targets int64[N] or float64[N, K], arrays or tensors
        that are used as they are.

        Inputs may also be images [N, C, H, W]: they are flattened, and the method `module` returns the module with an
        Unflatten before it.

        A Sequential of Linear layers, perhaps after Conv2d and AvgPool2d between an Unflatten and a Flatten, with one
        known activation between layers, becomes a `LayeredNetwork`; so do those with inner Sequentials, Dropout,
        Identity, or without biases. Any other module is called as it is by torch.func, with its hooks and
        parametrizations, and has no symmetry. Parameters that require no gradient keep their values. A warning says
        that a softmax precedes cross-entropy. Raises `ConfigError` if loss or l2 are unusable, `DataError` if data and
        module do not fit or the module cannot be explored.
        """
        _check_energy(loss, l2)
        check_module(module)
        inputs, targets = _array(inputs), _array(targets)
        if np.ndim(inputs) == 4:
            module, inputs = of_flat_images(module, np.shape(inputs)[1:]), np.reshape(inputs, (len(inputs), -1))
        data = from_arrays(inputs, targets)
        check_targets(data.targets, loss)
        problem = cls.__new__(cls)
        network = network_of(module, data, loss, device)
        problem._assemble(network, data, loss, l2, device)  # noqa: SLF001 # a second constructor
        return problem

    def _assemble_configured(self, config: ProblemConfig, data: DataSet, device: str) -> None:
        check_targets(data.targets, config.loss)
        network = configured_network(config, data)
        self._assemble(network, data, config.loss, config.l2, device, config)

    def _assemble(
        self,
        network: Network,
        data: DataSet,
        loss: str,
        l2: float,
        device: str,
        config: ProblemConfig | None = None,
    ) -> None:
        self.config = config
        self.network = network
        self.data = data
        self.loss = loss
        self.l2 = l2
        self.device = torch.device(device)
        self.n_parameters = network.n_parameters
        self.energy_unit = float(np.clip(l2 / UNIT_L2, LEAST_UNIT, 1.0)) if l2 else 1.0
        self.curvature_threshold = 1e-3 * 2.0 * l2 if l2 else 1e-9
        self.symmetry: Symmetry = network.symmetry
        self.inputs = torch.tensor(data.inputs, dtype=torch.float64, device=self.device)
        self.targets = torch.tensor(data.targets, device=self.device)
        self.test_inputs = _optional(data.test_inputs, self.device)
        self.test_targets = _optional(data.test_targets, self.device)
        self._loss = LOSSES[loss]
        encoded = self._loss.encode(self.targets, network.n_outputs)
        self.terms: tuple[WeightedTerm, ...] = ()
        if config is not None:
            encoded = smoothed(encoded, _label_smoothing(config, data))
            self.terms = terms_of(config, network, self._loss, self.device)
        self.encoded = encoded
        self.smooth = not self.kinks
        self._energy = NetworkEnergy(Definition(network, self.inputs, self._loss, encoded, l2), self.terms)
        self.cheap_hessian = self._energy.cheap_hessian
        self.recorder = self._energy.recorder
        self.loss_of_inputs: LossOfInputs = loss_of_inputs(network, self._loss, self.device)

    @property
    def is_classification(self) -> bool:
        """True if the targets are class labels."""
        return self.targets.dtype == torch.int64

    @property
    def kinks(self) -> str:
        """The part of the energy that has kinks, and so no Hessian everywhere; empty if there is none."""
        found = [
            "" if self.network.smooth else f"an activation with kinks ({', '.join(KINKED)})",
            *(term.kinks for _, term in self.terms),
        ]
        return next(filter(None, found), "")

    @cached_property
    def origin(self) -> Origin | None:
        """The point theta = 0 with the best output biases at every l2: its index, and the values of l2 at which the
        index changes. None where the closed form does not hold, see `landscape.problems.networks.origin`.
        """
        return None if self.config is None else Origin.of(self.config, self.data.inputs, self.data.targets)

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self._energy.energy(theta)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        return self._energy.energy_and_gradient(theta)

    def kernel(self) -> Kernel | None:
        """The energy for compiled code, on a CPU; None if there is no such form."""
        return self._energy.kernel()

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]; raises `PropertyError` for an energy with kinks."""
        self._require_smooth()
        return self._energy.hessian(theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]; raises `PropertyError` for an energy with kinks."""
        self._require_smooth()
        return self._energy.hessian_vector_product(theta, vector)

    def sample_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Losses [W, N] of outputs [W, N, K] against targets int64[N] or float64[N, K]."""
        return self._loss.value_and_gradient(outputs.mT, self._loss.encode(targets, outputs.shape[2]))[0]

    def loss_gradient(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Gradients [W, N, K] of each sample's loss in its outputs [W, N, K]; targets int64[N] or float64[N, K]."""
        return self._loss.value_and_gradient(outputs.mT, self._loss.encode(targets, outputs.shape[2]))[1].mT

    def loss_curvature(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Hessian of each sample's loss in its outputs [W, N, K] times tangent [W, N, K], as [W, N, K]."""
        return self._loss.curvature_product(outputs.mT, tangent.mT).mT

    def module(self, theta: np.ndarray) -> torch.nn.Module:
        """The torch module with parameters theta [P], float64, on the CPU."""
        return module_with(self.network, theta)

    def _require_smooth(self) -> None:
        if not self.smooth:
            raise PropertyError(
                f"a Hessian needs a twice differentiable energy, found {self.kinks}: use {listed(SMOOTH, 'or')} and no "
                "adversarial_weight, or ask for nothing that needs a Hessian"
            )


def _label_smoothing(config: ProblemConfig, data: DataSet) -> float:
    if config.label_smoothing and data.targets.ndim > 1:
        raise ConfigError(
            "[problem] label_smoothing: expected class labels, found targets of "
            f"{data.targets.shape[1]} values a sample: leave it out"
        )
    return config.label_smoothing


def _array(values: np.ndarray | Tensor) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _optional(array: np.ndarray | None, device: torch.device) -> Tensor | None:
    return None if array is None else torch.tensor(array, device=device)


def _check_energy(loss: str, l2: float) -> None:
    if loss not in LOSSES:
        raise ConfigError(f"expected the loss {' or '.join(LOSSES)}, found {loss!r}; {did_you_mean(loss, LOSSES)}")
    if not 0.0 <= l2 < math.inf:
        raise ConfigError(f"expected l2 of at least 0, found {l2}; E = mean loss + l2 * sum(theta^2)")


def data_of(config: ProblemConfig, seed: int) -> DataSet:
    """The data of a [problem] table, drawn with `seed` unless the table sets `subset_seed`. Raises `DataError`."""
    return load(
        config.dataset,
        standardise=config.standardise,
        subset=config.subset,
        subset_part=config.subset_part,
        test_fraction=config.test_fraction,
        held_out=config.held_out,
        seed=seed if config.subset_seed < 0 else config.subset_seed,
        classes=config.classes,
        downscale=config.downscale,
        grey=config.grey,
    )


def whole_size(config: ProblemConfig) -> float:
    """The number of samples that the data set of a [problem] table has before any are drawn, infinity for samples of a
    law. Raises `DataError`.
    """
    options = options_of(config.dataset)
    if options is not None and options.is_drawn:
        return math.inf
    whole = {"standardise": False, "subset": 0, "subset_part": 0, "test_fraction": 0.0, "held_out": 0}
    return len(data_of(config.model_copy(update=whole), 0).inputs)
