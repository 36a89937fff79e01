"""Faster imports: names imported when they are first used, and no garbage collection while modules are imported.

Collections, which free nothing during imports, took a third of their time.
"""

import gc
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_collections() -> Iterator[None]:
    """Disables garbage collection while modules are imported, then moves all objects into the oldest generation."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # into the oldest generation, which is collected only after much has been added to it
        if collects:
            gc.enable()


def imported(place: str) -> Any:  # noqa: ANN401 - any public object
    """The object at a place such as "landscape.database.database:Database", whose module is imported."""
    module, name = place.split(":")
    with without_collections():
        return getattr(importlib.import_module(module), name)


def lazily(namespace: dict[str, Any], places: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` (PEP 562) of a module with this namespace: it imports a name of `places` at its first use."""

    def attribute(name: str) -> Any:  # noqa: ANN401 - any public object
        if name not in places:
            raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
        found = namespace[name] = imported(places[name])
        return found

    return attribute
