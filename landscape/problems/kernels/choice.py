"""Choice of one of several functions for compiled code, by a number known when the code runs."""

from collections.abc import Callable, Sequence
from typing import Any

from landscape.numerics.compilation import inlined

Function = Callable[..., Any]


def choice(functions: Sequence[Function]) -> Function:
    """Compiled function of (number, *arguments) that calls the function with this number, counted from 0, on the
    arguments. There must be at least two functions; the last one is called for all larger numbers.

    The compiler sees a written-out chain of comparisons, so calls can be inlined.
    """
    *earlier, before, last = functions
    chosen = _one_of_two(len(earlier), before, last)
    for number in reversed(range(len(earlier))):
        chosen = _either(number, earlier[number], chosen)
    return chosen


def _one_of_two(expected: int, function: Function, other: Function) -> Function:
    @inlined
    def chosen(number: int, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the functions take and give
        if number == expected:
            return function(*arguments)
        return other(*arguments)

    return chosen


def _either(expected: int, function: Function, otherwise: Function) -> Function:
    @inlined
    def chosen(number: int, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the functions take
        if number == expected:
            return function(*arguments)
        return otherwise(number, *arguments)

    return chosen
