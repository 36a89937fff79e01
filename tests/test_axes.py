import importlib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.compilation import OPTIONS
from landscape.properties.bounds.ibp import without_own
from landscape.properties.curvature.spectrum import spectrum_summary
from tests.axes import FOLDERS, PACKAGE, arrays_only

MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for folder in FOLDERS
    for path in sorted(PACKAGE.joinpath(folder).rglob("*.py"))
]


@arrays_only
def scaled(theta: Float[Tensor, "M P"], factors: Float[Tensor, " P"]) -> Float[Tensor, "M P"]:
    return theta * factors


@arrays_only
def chosen(
    values: Float[np.ndarray, " N"], places: Int[np.ndarray, " n"] | None = None
) -> Float[np.ndarray, " n"] | None:
    return None if places is None else values[places]


def test_a_right_call_passes_and_its_result_is_that_of_the_function() -> None:
    assert torch.equal(scaled(torch.ones(2, 3), torch.arange(3.0)), torch.arange(3.0).expand(2, 3))
    found = chosen(np.arange(4.0), np.array([1, 3]))
    assert found is not None
    assert found.tolist() == [1.0, 3.0]
    assert chosen(np.arange(4.0)) is None


@pytest.mark.parametrize(
    ("theta", "factors", "wrong"),
    [
        pytest.param(torch.ones(2), torch.ones(2), "theta", id="number of axes"),
        pytest.param(torch.ones(2, 3, dtype=torch.int64), torch.ones(3), "theta", id="type of numbers"),
        pytest.param(np.ones((2, 3)), torch.ones(3), "theta", id="kind of array"),
        pytest.param(torch.ones(2, 3), torch.ones(1), "factors", id="two sizes of one axis"),
    ],
)
def test_an_argument_of_other_axes_is_refused(theta: Any, factors: Tensor, wrong: str) -> None:  # noqa: ANN401 - wrong
    with pytest.raises(TypeError, match=f"scaled: {wrong}"):
        scaled(theta, factors)


def test_each_of_several_arguments_is_checked() -> None:
    @arrays_only
    def together(*thetas: Float[Tensor, "W P"]) -> int:
        return len(thetas)

    assert together(torch.ones(2, 3), torch.zeros(2, 3)) == 2
    with pytest.raises(TypeError, match="together: thetas"):
        together(torch.ones(2, 3), torch.ones(2))


def test_an_optional_argument_is_checked_where_it_is_given() -> None:
    with pytest.raises(TypeError, match="chosen: places"):
        chosen(np.arange(4.0), np.array([1.0]))


@pytest.mark.parametrize(
    ("annotation", "right", "wrong"),
    [
        pytest.param(Float[Tensor, " N"], torch.ones(3), torch.ones(4), id="one"),
        pytest.param(Float[Tensor, " N"] | None, None, torch.ones(4), id="none"),
        pytest.param(tuple[int, Float[Tensor, " N"]], (1, torch.ones(3)), (1, torch.ones(4)), id="tuple"),
        pytest.param(list[Float[Tensor, " N"]], [torch.ones(3)] * 2, [torch.ones(3), torch.ones(4)], id="list"),
        pytest.param(
            tuple[Float[Tensor, " N"], ...],
            (torch.ones(3),) * 2,
            (torch.ones(3), torch.ones(4)),
            id="tuple of any length",
        ),
        pytest.param(dict[str, Float[Tensor, "N ..."]], {"a": torch.ones(3, 2)}, {"a": torch.ones(4, 2)}, id="dict"),
    ],
)
def test_a_result_is_checked_against_the_sizes_of_the_arguments(
    annotation: object, right: object, wrong: object
) -> None:
    def given(like: Tensor, result: object) -> object:  # noqa: ARG001 - only its axes are compared
        return result

    given.__annotations__ = {"like": Float[Tensor, " N"], "return": annotation}
    function = arrays_only(given)
    assert function(torch.ones(3), right) is right
    with pytest.raises(TypeError, match="given: result"):
        function(torch.ones(3), wrong)


def test_functions_of_the_package_are_checked() -> None:
    with pytest.raises(TypeError, match="without_own: targets"):
        without_own(torch.ones(2, 3, 4), torch.zeros(2, dtype=torch.int64))
    with pytest.raises(TypeError, match="spectrum_summary: eigenvalues"):
        spectrum_summary(torch.ones(3), 0.0, 0.0)
    assert without_own(torch.ones(2, 3, 4), torch.zeros(3, dtype=torch.int64))[..., 0].isinf().all()


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_name_the_axes_of_all_arrays(name: str) -> None:
    bare = [found for function in functions(importlib.import_module(name)) for found in without_axes(function)]
    assert not bare, f"name the axes of {', '.join(bare)}: as in Float[Tensor, 'M P']"


def test_an_array_without_axes_is_found_inside_other_types() -> None:
    def bare(
        one: Tensor,
        some: list[np.ndarray] | None,
        use: Callable[[Tensor], int],
        named: Float[Tensor, "M P"],
        count: int,
    ) -> tuple[int, Tensor]:
        raise NotImplementedError

    assert [found.rpartition(".")[2] for found in without_axes(bare)] == ["one", "some", "use", "return"]


def test_methods_properties_and_functions_are_all_looked_at() -> None:
    names = {
        function.__qualname__
        for function in functions(importlib.import_module("landscape.properties.attacks.networks"))
    }
    assert {"Networks.inputs", "Networks.start", "Networks.vjp", "Outcome.worse"} <= names
    assert "Networks._barred" not in names


def functions(owner: ModuleType | type) -> Iterator[Callable[..., Any]]:
    """The public functions and methods that the module or class defines, without wrappers; not those to be compiled."""
    module = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
    for name, member in vars(owner).items():
        if name.startswith("_") or (inspect.isclass(member) and member.__module__ != module):
            continue
        if inspect.isclass(member):
            yield from functions(member)
            continue
        inner = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
        if inspect.isfunction(inner) and inner.__module__ == module and inner not in OPTIONS:
            yield inspect.unwrap(inner)


def without_axes(function: Callable[..., Any]) -> list[str]:
    """The arguments of the function that hold a bare array, and `return` if its result does."""
    annotations = inspect.get_annotations(function)
    return [f"{function.__qualname__}.{name}" for name, one in annotations.items() if _holds_bare_array(one)]


def _holds_bare_array(annotation: object) -> bool:
    if annotation is Tensor or annotation is np.ndarray:
        return True
    parts = annotation if isinstance(annotation, list) else get_args(annotation)
    return any(_holds_bare_array(part) for part in parts)
