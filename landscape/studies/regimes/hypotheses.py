"""Hypotheses about ways of training: two groups of regimes, and an outcome of which the first should have more.

A hypothesis chooses its groups by the ingredients of regimes. An ingredient is a key of a regime that changes the
function to be minimised or the way to minimise it: an attack, a weight, a probability. "Alone" means without other
ingredients. Groups chosen by ingredients contain only regimes of the usual schedule (optimiser, batches, epochs), the
most common one; other schedules have hypotheses of their own.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from landscape.config.training import Part, Regime, keys_of
from landscape.studies.regimes.outcomes import COSTS_ACCURACY, FLATTER, MORE_ROBUST, Outcome

Groups = tuple[list[str], list[str]]
Settings = Mapping[str, Regime]
Chosen = Callable[[Settings], list[str]]
"""The names of the regimes of a group."""

ADVERSARIAL, REGULARISERS, SENSITIVITY, JACOBIAN = (
    keys_of(part) for part in (Part.ADVERSARIAL, Part.REGULARISER, Part.SENSITIVITY, Part.JACOBIAN)
)
INGREDIENTS = keys_of(*(part for part in Part if part not in (Part.SCHEDULE, Part.REACH)))
SAM, SWA, BATCH_NORM = frozenset({"sam"}), frozenset({"swa"}), keys_of(Part.NORMALISATION)
SCHEDULE = keys_of(Part.SCHEDULE)
WORSENING = 0.05  # least loss of clean test accuracy of a regime that overfits: five points of a hundred


@dataclass(frozen=True, kw_only=True)
class RegimeHypothesis:
    """A sentence, the two groups of regimes that it compares, and the outcome of which the first should have more.

    `least_cost` is the least loss of clean test accuracy at which the groups are what the sentence says. With
    `chosen_after` a group was chosen by results of the same networks, so there are no words.
    """

    sentence: str
    groups: Callable[[Settings], Groups]
    outcome: Outcome
    least_cost: float | None = None
    chosen_after: bool = False


def ingredients(regime: Regime) -> frozenset[str]:
    """The ingredients of a regime."""
    return frozenset(name for name in INGREDIENTS if getattr(regime, name) not in (0, "none"))


def alone(kinds: frozenset[str]) -> Callable[[Settings], list[str]]:
    """Chooses the regimes with at least one ingredient, all of them among these kinds."""
    return lambda settings: [name for name, made in _usual(settings).items() if made and made <= kinds]


def _combined(settings: Settings) -> list[str]:
    """The regimes that attack and regularise, and do nothing else."""
    both = ADVERSARIAL | REGULARISERS
    return [
        name for name, made in _usual(settings).items() if made & ADVERSARIAL and made & REGULARISERS and made <= both
    ]


def _plain(settings: Settings) -> list[str]:
    return [name for name, made in _usual(settings).items() if not made]


def _usual(settings: Settings) -> dict[str, frozenset[str]]:
    """The ingredients, by name, of the regimes with the most common schedule."""
    schedules = {name: tuple(getattr(one, key) for key in SCHEDULE) for name, one in settings.items()}
    common = Counter(schedules.values()).most_common(1)
    return {name: ingredients(one) for name, one in settings.items() if schedules[name] == common[0][0]}


def _long(settings: Settings) -> Groups:
    """The regimes that train longest, to their end, and their twins that stop early."""
    apart = ("early_stopping", "validation_fraction", "epochs")
    pairs = _pairs(settings, apart, lambda one, other: not one.early_stopping and other.early_stopping > 0)
    longest = {other: max(settings[one].epochs for one, twin in pairs if twin == other) for _, other in pairs}
    kept = [(one, other) for one, other in pairs if settings[one].epochs == longest[other]]
    return list(dict.fromkeys(one for one, _ in kept)), list(longest)


def _batches(settings: Settings) -> Groups:
    """The regimes with the smallest batch size, and their twins with the largest, which see the samples equally
    often.
    """
    apart = ("batch_size", "learning_rate")
    pairs = _pairs(settings, apart, lambda one, other: one.batch_size < other.batch_size)
    smallest = min((settings[one].batch_size for one, _ in pairs), default=0)
    largest = max((settings[other].batch_size for _, other in pairs), default=0)
    ends = [
        (one, other)
        for one, other in pairs
        if (settings[one].batch_size, settings[other].batch_size) == (smallest, largest)
    ]
    return list(dict.fromkeys(one for one, _ in ends)), list(dict.fromkeys(other for _, other in ends))


def _pairs(
    settings: Settings, apart: tuple[str, ...], ordered: Callable[[Regime, Regime], bool]
) -> list[tuple[str, str]]:
    """Pairs of regimes that differ in the keys `apart` only, in the order that `ordered` asks for."""
    rest = {name: one.model_dump(exclude=set(apart)) for name, one in settings.items()}
    return [
        (one, other)
        for one in settings
        for other in settings
        if one != other and rest[one] == rest[other] and ordered(settings[one], settings[other])
    ]


def _against(sentence: str, first: Chosen, second: Chosen, outcome: Outcome = MORE_ROBUST) -> RegimeHypothesis:
    return RegimeHypothesis(
        sentence=sentence, groups=lambda settings: (first(settings), second(settings)), outcome=outcome
    )


HYPOTHESES = (
    _against("adversarial training gives more robust networks than plain training", alone(ADVERSARIAL), _plain),
    _against(
        "adversarial training gives more robust networks than regularisation", alone(ADVERSARIAL), alone(REGULARISERS)
    ),
    _against(
        "adversarial training with regularisation gives more robust networks than without",
        _combined,
        alone(ADVERSARIAL),
    ),
    _against(
        "adversarial training with regularisation gives more robust networks than regularisation alone",
        _combined,
        alone(REGULARISERS),
    ),
    _against("adversarial training ends flatter than plain training", alone(ADVERSARIAL), _plain, FLATTER),
    _against("adversarial training costs clean accuracy", alone(ADVERSARIAL), _plain, COSTS_ACCURACY),
    _against("regularisation gives more robust networks than plain training", alone(REGULARISERS), _plain),
    RegimeHypothesis(
        sentence="overfitting networks are more robust than those stopped early",
        groups=_long,
        outcome=MORE_ROBUST,
        least_cost=WORSENING,
    ),
    RegimeHypothesis(sentence="small batches end at flatter points than large ones", groups=_batches, outcome=FLATTER),
    RegimeHypothesis(
        sentence="small batches give more robust networks than large ones", groups=_batches, outcome=MORE_ROBUST
    ),
    _against(
        "the sensitivity loss gives more robust networks than regularisation", alone(SENSITIVITY), alone(REGULARISERS)
    ),
    _against(
        "the sensitivity loss gives more robust networks than adversarial training",
        alone(SENSITIVITY),
        alone(ADVERSARIAL),
    ),
    _against("the Jacobian penalty gives more robust networks than plain training", alone(JACOBIAN), _plain),
    _against(
        "the Jacobian penalty gives more robust networks than adversarial training", alone(JACOBIAN), alone(ADVERSARIAL)
    ),
    _against("SAM ends flatter than plain training", alone(SAM), _plain, FLATTER),
    _against("SAM gives more robust networks than plain training", alone(SAM), _plain),
    _against("weight averaging ends flatter than plain training", alone(SWA), _plain, FLATTER),
    _against("weight averaging gives more robust networks than plain training", alone(SWA), _plain),
    _against("batch normalisation gives more robust networks than plain training", alone(BATCH_NORM), _plain),
)
"""All hypotheses: on adversarial training and regularisation, on overfitting (Pedraza et al.), on batches (Keskar et
al.), on sensitivity (Wang et al.), on flat minima (Foret et al.; Izmailov et al.), on the Jacobian (Hoffman et al.) and
on batch normalisation (Galloway et al., arXiv 1905.02161, who find less robustness).
"""
