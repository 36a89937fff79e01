"""The pair strategies by name, and the choice among their offers.

A strategy is a function that goes by its name in `connect.strategies`, in messages, in runs/README.md and in
`Attempts.method`; the first line of its docstring describes it. It sees the landscape as a `PairView` and yields pairs
(i, j), i < j, best first.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from landscape.campaign.pairs.classical import closest, gmin, missing, random, unconnected, untrap
from landscape.campaign.pairs.focus import borders, focus
from landscape.campaign.pairs.view import Pair, PairView, ordered
from landscape.errors import ConfigError
from landscape.messages import did_you_mean

Strategy = Callable[[PairView, np.random.Generator], Iterator[Pair]]
STRATEGIES: dict[str, Strategy] = {
    one.__name__: one for one in (focus, borders, missing, unconnected, gmin, untrap, closest, random)
}
"""Pair strategies by name, in the order of their codes in a new file."""


def require_strategies(names: Sequence[str], source: str) -> None:
    """Raise `ConfigError` if a name is not that of a pair strategy; messages name `source`, the origin of the names."""
    for place, name in enumerate(names):
        if name not in STRATEGIES:
            known = did_you_mean(name, STRATEGIES)
            found = f'expected the name of a pair strategy, found "{name}"; {known}'
            raise ConfigError(f"{source}: [connect] strategies[{place}]: {found}")


def select_pairs(
    view: PairView, strategies: Sequence[str], count: int, numbers: np.random.Generator
) -> list[tuple[Pair, str]]:
    """Up to `count` distinct pairs of rows, each with the strategy that chose it; the strategies take turns."""
    if not view.open.any():
        return []
    offers = {name: STRATEGIES[name](view, numbers) for name in strategies}
    chosen: dict[Pair, str] = {}
    while offers and len(chosen) < count:
        for name in list(offers):
            pair = next((p for p in offers[name] if p not in chosen), None)
            if pair is None:
                del offers[name]
            elif len(chosen) < count:
                chosen[pair] = name
    return [(ordered(*view.rows[list(pair)]), name) for pair, name in chosen.items()]
