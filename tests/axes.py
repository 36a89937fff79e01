"""Axes of arrays, checked while tests run.

Annotations such as `Float[Tensor, "W P"]` name the axes of an array; within one call equal names mean equal sizes.
`check_axes` makes the modules of the numerical packages check their calls. A checker of all types would ask test
doubles for every attribute of the protocols; this checker looks at arrays alone, of functions and not of classes. The
check of a call depends only on the kinds, types and shapes of its arrays, so a function checks a combination of these
once.
"""

import functools
import inspect
from collections.abc import Callable, Hashable
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_origin

import jaxtyping
from jaxtyping import AbstractArray, install_import_hook

PACKAGE = Path(__file__).parents[1] / "landscape"
FOLDERS = ("numerics", "optimize", "search", "properties")
_of_all_types = jaxtyping.jaxtyped


def check_axes() -> None:
    """Check calls in modules of the numerical packages that are imported from now on, except compiled ones."""
    files = [path for folder in FOLDERS for path in PACKAGE.joinpath(folder).rglob("*.py")]
    checked = [path for path in files if "landscape.numerics.compilation import" not in path.read_text("utf-8")]
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in checked]
    jaxtyping.jaxtyped = _decorator  # the hook decorates by this name
    install_import_hook(names, "tests.axes.arrays_only")


def _decorator(*context: Any, **options: Any) -> Any:  # noqa: ANN401 - the library's own
    """`jaxtyping.jaxtyped`, without its costly wrapper of functions around `arrays_only`, which needs none."""
    if "typechecker" not in options:
        return _of_all_types(*context, **options)
    return lambda one: arrays_only(one) if inspect.isfunction(one) else one


def arrays_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with checks: it raises TypeError if the axes of an argument or the result break the annotation."""
    signature = inspect.signature(function)
    expected = {name: _annotation(one) for name, one in signature.parameters.items() if _has_axes(one.annotation)}
    result = signature.return_annotation
    if not expected and not _has_axes(result):
        return function
    right: set[Hashable] = set()

    def check(arguments: Any, named: Any, *found: Any) -> None:  # noqa: ANN401 - any function
        given = signature.bind(*arguments, **named).arguments
        with _of_all_types("context"):
            for name, annotation in expected.items():
                if name in given:
                    _check(given[name], annotation, f"{function.__qualname__}: {name}")
            for one in found:
                _check(one, result, f"{function.__qualname__}: result")

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any function
        entering = _axes((arguments, named))
        if entering not in right:
            check(arguments, named)
            right.add(entering)
        found = function(*arguments, **named)
        leaving = entering, _axes(found)
        if leaving not in right:
            check(arguments, named, found)
            right.add(leaving)
        return found

    return checked


def _axes(value: Any) -> Hashable:  # noqa: ANN401 - any value
    """All that a check of the value depends on."""
    kind: type = type(value)
    shape = getattr(value, "shape", None)
    if shape is not None:
        return kind, getattr(value, "dtype", None), tuple(shape)
    if isinstance(value, list | tuple):
        return kind, *map(_axes, value)
    if isinstance(value, dict):
        return kind, *value, *map(_axes, value.values())
    return kind


def _annotation(parameter: inspect.Parameter) -> Any:  # noqa: ANN401 - any annotation
    """The annotation of the value bound to the parameter: a tuple for `*arguments`."""
    several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    return GenericAlias(tuple, (parameter.annotation, ...)) if several else parameter.annotation


def _has_axes(annotation: object) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return True
    return any(_has_axes(part) for part in get_args(annotation))


def _check(value: object, annotation: Any, where: str) -> None:  # noqa: ANN401 - any annotation
    parts = get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        if not isinstance(value, annotation):
            shape = getattr(value, "shape", None)
            raise TypeError(f"{where}: expected {annotation.__name__}, found {type(value).__name__} {shape}")
    elif get_origin(annotation) is tuple and Ellipsis not in parts and isinstance(value, tuple):
        for part, member in zip(parts, value, strict=True):
            _check(member, part, where)
    elif get_origin(annotation) in {list, dict, tuple} and isinstance(value, list | dict | tuple):
        part = parts[get_origin(annotation) is dict]
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, part, where)
    elif type(None) in parts and value is not None:
        for part in parts:
            _check(value, part, where)
