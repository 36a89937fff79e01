"""Curves over regimes: one ingredient at rising strength, all else equal, from none of it on where that was trained.

    sensitivity    its weight; should lower the sensitivity S and raise certified accuracy
    adversarial    the radius of the attack in training; should raise robust accuracy
    trades         its weight; likewise

Each curve is judged twice (`landscape.statistics.paired_seeds`): as far as it costs less than two points of clean test
accuracy, which is where it should hold, and as a whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from landscape.config.training import Part, Regime, keys_of
from landscape.declaration import TEST
from landscape.statistics.paired_seeds import Mean, Trend, affordable, mean_over_seeds, trend
from landscape.studies.regimes.hypotheses import ingredients
from landscape.studies.regimes.table import Regimes

REACH = keys_of(Part.REACH)
"""Keys that change nothing where neither attacks nor boxes are used."""


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """An ingredient of training with a strength: the keys of both, words for the strength, and the properties that it
    should change, with their signs.
    """

    key: str
    strength: str
    words: str
    measures: Mapping[str, int]


STRENGTHS = (
    Ingredient(
        key="sensitivity",
        strength="sensitivity",
        words="weight of the sensitivity loss",
        measures={"sensitivity_logits": -1, "certified_accuracy_crown": 1},
    ),
    Ingredient(
        key="adversarial",
        strength="epsilon",
        words="radius of adversarial training",
        measures={"robust_accuracy": 1},
    ),
    Ingredient(key="trades", strength="trades", words="weight of TRADES", measures={"robust_accuracy": 1}),
)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Regimes in the order of their strengths."""

    ingredient: Ingredient
    names: tuple[str, ...]  # [K]
    strengths: tuple[float, ...]  # [K] rising


@dataclass(frozen=True, kw_only=True)
class CurveVerdict:
    """The verdict of a table on one column along a curve."""

    column: str
    sign: int
    affordable: Trend | None  # None where even the first step costs too much
    whole: Trend


def curves(settings: Mapping[str, Regime]) -> Iterable[Curve]:
    """All curves of at least three points that the regimes have."""
    for ingredient in STRENGTHS:
        active = [name for name, one in settings.items() if ingredient.key in ingredients(one)]
        rest = {name: sorted(settings[name].model_dump(exclude={ingredient.strength}).items()) for name in active}
        for _, group in groupby(sorted(active, key=lambda name: str(rest[name])), key=lambda name: str(rest[name])):
            members = {_strength(settings[name], ingredient): name for name in group}
            for name in _without(settings, settings[members[max(members)]], ingredient):
                members[0.0] = name
            if len(members) > 2:
                strengths = tuple(sorted(members))
                yield Curve(ingredient=ingredient, names=tuple(members[one] for one in strengths), strengths=strengths)


def affordable_points(table: Regimes, curve: Curve) -> int:
    """The number of leading points that cost less than two points of clean test accuracy; all without a test part."""
    name = f"{TEST}accuracy"
    return affordable(table.values(curve.names, name)) if name in table.columns else len(curve.names)


def costs(table: Regimes, curve: Curve) -> list[Mean]:
    """Clean test accuracy of each point less that of the first; none where there is no test part."""
    name = f"{TEST}accuracy"
    if name not in table.columns:
        return []
    accuracy = table.values(curve.names, name)
    return [mean_over_seeds(row - accuracy[0]) for row in accuracy]


def judge_curve(table: Regimes, curve: Curve) -> list[CurveVerdict]:
    """The verdicts on every column that the ingredient should change."""
    count = affordable_points(table, curve)
    verdicts = []
    for name, sign in curve.ingredient.measures.items():
        for column in table.family(table.tested(name)):
            values = table.values(curve.names, column)
            leading = trend(values[:count], sign) if count > 1 else None
            verdicts.append(CurveVerdict(column=column, sign=sign, affordable=leading, whole=trend(values, sign)))
    return verdicts


def _strength(regime: Regime, ingredient: Ingredient) -> float:
    return float(getattr(regime, ingredient.strength))


def _without(settings: Mapping[str, Regime], regime: Regime, ingredient: Ingredient) -> list[str]:
    """The regimes that are this one without the ingredient."""
    apart = REACH | {ingredient.key}
    rest = regime.model_dump(exclude=set(apart))
    return [
        name
        for name, one in settings.items()
        if ingredient.key not in ingredients(one) and one.model_dump(exclude=set(apart)) == rest
    ]
