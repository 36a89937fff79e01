"""Wording of messages to users: nearest known names, numbers and their nouns, TOML, failed checks of a model."""

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

NUMBER, LIST = "a number", "a list"
"""Tags of the alternative types of a value. They contain a space, unlike the keys beside which errors list them."""
_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "a string",
    "tuple_type": "a list",
    "too_short": "a list of at least one value",
    "model_type": "a table",
    "dict_type": "a table of tables",
    "greater_than": "a number greater than {gt:g}",
    "greater_than_equal": "a number not less than {ge:g}",
    "less_than": "a number less than {lt:g}",
    "less_than_equal": "a number not greater than {le:g}",
}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `name`, or None if none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known name, or all of them if none is near."""
    choices = list(known)
    near = nearest(name, choices)
    return f"did you mean '{near}'?" if near else f"known are {', '.join(choices)}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: a, b and c."""
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 minimum", "2 minima"; `many` is by default `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def floored(share: float) -> str:
    """A share in per cent with one decimal, rounded down, so that only all are 100."""
    return f"{math.floor(1000.0 * share + 1e-9) / 10.0:g}"


def toml_value(value: object) -> str:
    """A boolean, number, string, or sequence or mapping of them as TOML, on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case Mapping():
            return f"{{ {', '.join(f'{key} = {toml_value(item)}' for key, item in value.items())} }}"
        case _:
            return str(value)


def number_text(value: float) -> str:
    """The shortest text that reads back as this number: 0.3, 1, 1e-05."""
    text = f"{value:g}"
    return text if float(text) == value else repr(float(value))


def one_line(model: type[BaseModel], error: ValidationError) -> str:
    """One line for a failed validation of `model`: the place, the expected value and the value found.

    Only one of several mistakes is reported; an unknown name takes precedence, since it explains a missing one.
    """
    detail = min(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    place = _place(model, detail["loc"])
    if detail["type"] == "extra_forbidden":
        *tables, name = (part for part in detail["loc"] if isinstance(part, str))
        return f"{place} is unknown; {did_you_mean(name, _names(model, tables))}"
    if detail["type"] == "missing":
        return f"{place} is missing; it has no default and must be given"
    return f"{place}: {_expected(detail)}{_found(detail)}".removeprefix(": ")


def _expected(detail: ErrorDetails) -> str:
    """The part of the line on the expected value."""
    if detail["type"] in _EXPECTED:
        return "expected " + _EXPECTED[detail["type"]].format(**detail.get("ctx", {}))
    return detail["msg"].replace("Input should be ", "expected ", 1).removeprefix("Value error, ")


def _found(detail: ErrorDetails) -> str:
    """The part of the line on the value found, with the nearest known choice."""
    found = detail["input"]
    if isinstance(found, Mapping):  # a check across the keys of a table has its own message
        return "" if detail["type"] == "value_error" else ", found a table"
    text = toml_value(found)
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    choices = re.findall(r"\w+", str(detail.get("ctx", {}).get("expected", "")))
    near = nearest(found, choices) if isinstance(found, str) else None
    return f", found {shown}" + (f"; did you mean '{near}'?" if near else "")


def _place(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """``[table] key[index]`` in a whole run file, ``key[index]`` in a model of one table."""
    shown = [part for part in path if part not in (NUMBER, LIST)]
    depth = _depth(model, shown) if shown and _is_run_file(model) else 0
    tables = [f"[{'.'.join(map(str, shown[:depth]))}]"] if depth else []
    words = [f"[{part}]" if isinstance(part, int) else f" {_key(part)}" for part in shown[depth:]]
    return "".join([*tables, *words]).strip()


def _depth(model: type[BaseModel], path: list[int | str]) -> int:
    """The number of leading parts of a path that name its table: one, or more where tables are stored by name."""
    depth, place = 1, _within(model, path[0])
    while depth < len(path) and (get_origin(place) is dict or get_origin(_within(place, path[depth])) is dict):
        place = _within(place, path[depth])
        depth += 1
    return depth


def _key(name: str) -> str:
    """A key as TOML writes it, in quotes if it needs them."""
    return name if re.fullmatch(r"[\w.-]+", name) else json.dumps(name)


def _is_run_file(model: type[BaseModel]) -> bool:
    """True if all keys are tables."""
    return all(field.annotation in _models(field.annotation) for field in model.model_fields.values())


def _models(annotation: object) -> list[type[BaseModel]]:
    """The models of a key that is a table or a list of tables."""
    return [
        kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and issubclass(kind, BaseModel)
    ]


def _within(place: Any, name: int | str) -> Any:  # noqa: ANN401 - a model, or a mapping of models by name
    """The type of the value called `name` in `place`, which is a model or a dictionary of models.

    The type is a model, that of the items if the value is a list, or a dictionary of models; None for other values.
    """
    if get_origin(place) is dict:
        return get_args(place)[1]
    field = place.model_fields.get(name) if place is not None else None
    if field is None or get_origin(field.annotation) is dict:
        return field and field.annotation
    return next(iter(_models(field.annotation)), None)


def _names(model: type[BaseModel], tables: list[str]) -> list[str]:
    """The keys of the table at the path `tables`."""
    for name in tables:
        model = _within(model, name)
    return list(model.model_fields)
