"""The [train] table: regimes of training, each a composition of the same keys.

Keys of [train] apply to all regimes; a table [train.regimes.NAME] overrides them for one regime. A table
[train.evaluations.NAME] declares another use of the end points of a regime: their ensemble, or preprocessed inputs.
Each key of a regime is marked with the part of training that it decides; `keys_of` reads the marks to compare regimes.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic.fields import FieldInfo

from landscape.config.fields import Count, Fraction, Natural, NonNegative, Positive, ProperFraction
from landscape.config.tables import Table
from landscape.messages import did_you_mean

OptimiserName = Literal["sgd", "adam"]
AttackName = Literal["none", "fgsm", "pgd"]
UNNAMED = "plain"
"""The name of the only regime of a run file without named regimes."""


class Part(StrEnum):
    """The part of training that a key of a regime decides."""

    SCHEDULE = "how long and by what steps networks train"
    REGULARISER = "a penalty or noise against overfitting"
    ADVERSARIAL = "training on attacked inputs"
    SENSITIVITY = "the sensitivity loss"
    JACOBIAN = "the penalty on the Jacobian of the outputs with respect to the inputs"
    FLATNESS = "a search for flat minima"
    NORMALISATION = "batch normalisation"
    LABELS = "wrong labels"
    REACH = "how far attacks and boxes reach"


class Regime(Table):
    """Settings of training: the keys of a regime."""

    optimiser: Annotated[OptimiserName, Part.SCHEDULE] = Field(
        "sgd", description="stochastic gradient descent with momentum, or adam"
    )
    learning_rate: Annotated[Positive, Part.SCHEDULE] = Field(0.05, description="of the optimiser")
    momentum: Annotated[ProperFraction, Part.SCHEDULE] = Field(0.9, description="of sgd")
    batch_size: Annotated[Count, Part.SCHEDULE] = Field(32, description="samples of a step; all where there are fewer")
    epochs: Annotated[Count, Part.SCHEDULE] = Field(100, description="passes over the training samples, at most")
    early_stopping: Annotated[Natural, Part.SCHEDULE] = Field(
        0, description="epochs without a lower validation loss after which training stops at its best; 0: never"
    )
    validation_fraction: ProperFraction = Field(0.2, description="part of the samples that early stopping sets aside")
    l2: Annotated[NonNegative, Part.REGULARISER] = Field(
        0.0, description="weight of sum(theta^2) while training, instead of problem.l2"
    )
    l1: Annotated[NonNegative, Part.REGULARISER] = Field(0.0, description="weight of sum(|theta|) while training")
    dropout: Annotated[ProperFraction, Part.REGULARISER] = Field(
        0.0, description="probability that a hidden unit is left out of a step"
    )
    input_noise: Annotated[NonNegative, Part.REGULARISER] = Field(
        0.0, description="standard deviation of Gaussian noise on the inputs"
    )
    adversarial: Annotated[AttackName, Part.ADVERSARIAL] = Field(
        "none", description="attack whose inputs replace the clean ones"
    )
    trades: Annotated[NonNegative, Part.ADVERSARIAL] = Field(
        0.0, description="weight of KL(clean || attacked) outputs (TRADES)"
    )
    sensitivity: Annotated[NonNegative, Part.SENSITIVITY] = Field(
        0.0, description="weight of the log volume of the interval box of the logits"
    )
    jacobian: Annotated[NonNegative, Part.JACOBIAN] = Field(
        0.0, description="weight of the mean squared Frobenius norm of d logits / d inputs"
    )
    sam: Annotated[NonNegative, Part.FLATNESS] = Field(
        0.0, description="radius of sharpness-aware minimisation: gradients are taken that far up the slope"
    )
    swa: Annotated[ProperFraction, Part.FLATNESS] = Field(
        0.0, description="last part of the epochs over whose ends parameters are averaged (SWA)"
    )
    batch_norm: Annotated[bool, Part.NORMALISATION] = Field(
        False,
        description="normalise hidden units by minibatch; folded into weights and biases at the end",
    )
    label_noise: Annotated[ProperFraction, Part.LABELS] = Field(
        0.0,
        description="part of the labels that are wrong in training; what is measured is by the right ones",
    )
    epsilon: Annotated[Positive, Part.REACH] = Field(
        0.1, description="radius of attacks and boxes, infinity norm, in units of the inputs"
    )
    epsilon_ramp: Annotated[Fraction, Part.REACH] = Field(
        0.0, description="part of the epochs over which epsilon grows to its value"
    )
    attack_steps: Annotated[Count, Part.REACH] = Field(7, description="steps of pgd and of the attack of trades")


def keys_of(*parts: Part) -> frozenset[str]:
    """The keys of a regime that are marked with any of these parts."""
    return frozenset(name for name, field in Regime.model_fields.items() if set(parts) & set(_marks(field)))


def _marks(field: FieldInfo) -> list[Part]:
    return [mark for mark in field.metadata if isinstance(mark, Part)]


class Overrides(Regime):
    """[train.regimes.NAME]: the keys that a regime overrides; only the overridden keys are written and read back."""

    @model_serializer(mode="wrap")
    def _only_set(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key in self.model_fields_set}


class Evaluation(Table):
    """[train.evaluations.NAME]: another way to use the end points of a regime."""

    regime: str = Field(description="the regime whose end points are used")
    ensemble: bool = Field(False, description="the mean of the softmax outputs over all its seeds, as one network")
    quantise: NonNegative = Field(0.0, description="step of the grid to which inputs are rounded; 0: none")
    smooth: NonNegative = Field(0.0, description="standard deviation, in pixels, of a Gaussian blur; 0: none")


class TrainConfig(Regime):
    """[train]: training in regimes."""

    seeds: Count = Field(10, description="networks trained in each regime")
    task_seeds: Count = Field(10, description="networks trained side by side")
    round_tasks: Count = Field(4, description="tasks of a round")
    regimes: dict[str, Overrides] = Field({}, description="tables of keys above by name; one, named plain, if empty")
    evaluations: dict[str, Evaluation] = Field({}, description="tables of regime, ensemble, quantise, smooth by name")

    @property
    def members(self) -> dict[str, Regime]:
        """The regimes by name, each with all its keys."""
        common = {key: getattr(self, key) for key in Regime.model_fields}
        chosen: dict[str, dict[str, Any]] = {name: own.model_dump() for name, own in self.regimes.items()}
        return {name: Regime.model_validate(common | own) for name, own in (chosen or {UNNAMED: {}}).items()}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        members = self.members
        for name in (*members, *self.evaluations):
            if not re.fullmatch(r"[A-Za-z][\w+-]*", name, re.ASCII):
                raise ValueError(f"expected names of a letter, then letters, digits and _+-, found '{name}'")
        for name, regime in members.items():
            if regime.trades and regime.adversarial != "none":
                raise ValueError(
                    f"regime '{name}': expected adversarial or trades, found both: trades has an attack of its own"
                )
            if regime.early_stopping and regime.swa:
                raise ValueError(
                    f"regime '{name}': expected early_stopping or swa, found both: an average needs a fixed number of "
                    "epochs"
                )
            if regime.early_stopping and not regime.validation_fraction:
                raise ValueError(f"regime '{name}': expected validation_fraction > 0 with early_stopping, found 0")
        for name, evaluation in self.evaluations.items():
            if evaluation.regime not in members:
                near = did_you_mean(evaluation.regime, members)
                raise ValueError(f"evaluation '{name}': there is no regime '{evaluation.regime}'; {near}")
        return self
