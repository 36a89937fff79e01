"""Curves over regimes: one ingredient at rising strength, all else equal, beginning without it if that was trained.

    sensitivity    its weight; should lower the sensitivity S and raise certified accuracy
    adversarial    the radius of the attack in training; should raise robust accuracy
    trades         its weight; should raise robust accuracy

The end of each curve is compared with its beginning, with words as for every other hypothesis. The last point that
costs less than two points of clean test accuracy, at which the ingredient should help, is compared with the beginning
as well, but without words, since the same networks choose that point.

Shapes: K points, S units.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from landscape.config.training import Part, Regime, keys_of
from landscape.declaration import TEST
from landscape.studies.regimes.hypotheses import RegimeHypothesis, ingredients
from landscape.studies.regimes.outcomes import MORE_CERTIFIED, MORE_ROBUST, POINTS, Outcome
from landscape.studies.regimes.table import Regimes

REACH = keys_of(Part.REACH)
"""Keys that change nothing where neither attacks nor boxes are used."""


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """An ingredient of training with a strength: the keys of both, words for the strength, properties that it should
    change, and outcomes that it should have.
    """

    key: str
    strength: str
    words: str
    drawn: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


STRENGTHS = (
    Ingredient(
        key="sensitivity",
        strength="sensitivity",
        words="weight of the sensitivity loss",
        drawn=("sensitivity_logits", "certified_accuracy_crown"),
        outcomes=(MORE_CERTIFIED, MORE_ROBUST),
    ),
    Ingredient(
        key="adversarial",
        strength="epsilon",
        words="radius of adversarial training",
        drawn=("robust_accuracy",),
        outcomes=(MORE_ROBUST,),
    ),
    Ingredient(
        key="trades",
        strength="trades",
        words="weight of TRADES",
        drawn=("robust_accuracy",),
        outcomes=(MORE_ROBUST,),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Regimes in the order of their strengths."""

    ingredient: Ingredient
    names: tuple[str, ...]  # [K]
    strengths: tuple[float, ...]  # [K] rising


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
    """Number of leading points, the first included, that cost less than two points of mean clean test accuracy against
    the first point; all points if there is no test part.
    """
    name = f"{TEST}accuracy"
    if name not in table.columns:
        return len(curve.names)
    accuracy = table.values(curve.names, name)
    known = accuracy[:, np.isfinite(accuracy).all(axis=0)]
    dear = np.flatnonzero(known[0].mean() - known.mean(axis=1) >= POINTS) if known.size else np.array([])
    return int(dear[0]) if len(dear) else len(curve.names)


def curve_hypotheses(table: Regimes) -> Iterator[RegimeHypothesis]:
    """Hypotheses on each curve: its outcomes at its last affordable point, and at its end, against its beginning."""
    for curve in curves(table.settings):
        count = affordable_points(table, curve)
        begin, words = f"{curve.strengths[0]:g}", curve.ingredient.words
        for last in sorted({count - 1, len(curve.names) - 1} - {0}):
            cheap = " (the most that costs less than 2 points of clean accuracy)" if last == count - 1 else ""
            for outcome in curve.ingredient.outcomes:
                more = outcome.scale.more
                yield RegimeHypothesis(
                    sentence=f"{words} {curve.strengths[last]:g}{cheap} gives {more} networks than {begin}",
                    groups=_ends(curve.names[last], curve.names[0]),
                    outcome=outcome,
                    chosen_after=last == count - 1 < len(curve.names) - 1,
                )


def _ends(last: str, first: str) -> Callable[[Mapping[str, Regime]], tuple[list[str], list[str]]]:
    return lambda _: ([last], [first])


def _strength(regime: Regime, ingredient: Ingredient) -> float:
    return float(getattr(regime, ingredient.strength))


def _without(settings: Mapping[str, Regime], regime: Regime, ingredient: Ingredient) -> list[str]:
    """The names of the regimes equal to this one except that they lack the ingredient."""
    apart = REACH | {ingredient.key}
    rest = regime.model_dump(exclude=set(apart))
    return [
        name
        for name, one in settings.items()
        if ingredient.key not in ingredients(one) and one.model_dump(exclude=set(apart)) == rest
    ]
