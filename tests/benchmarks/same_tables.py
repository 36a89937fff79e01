"""Compares databases: `python -m tests.benchmarks.same_tables OLD.h5 NEW.h5 [OLD.h5 NEW.h5 ...]`.

Every data set must have the same type, shape and bytes in both files, except the seconds of the rounds. Attributes that
differ are listed too, except times and versions of software. Exit status 1 if a data set differs, 2 without files.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import click
import h5py

TIMED = ("rounds/seconds", "digests")  # times, and what covers them
CHANGING = ("created", "software")  # attributes that may differ


def tables(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Type, shape and bytes of every data set without times."""
    found: dict[str, tuple[str, tuple[int, ...], bytes]] = {}

    def read(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and name not in TIMED:
            values = item[()]
            text = repr(values.tolist() if hasattr(values, "tolist") else values).encode()
            found[name] = str(item.dtype), item.shape, text if item.dtype.hasobject else values.tobytes()

    with h5py.File(path) as file:
        file.visititems(read)
    return found


def attributes(path: Path) -> dict[str, str]:
    """Every attribute that does not change from run to run, by the name of its object."""
    found: dict[str, str] = {}

    def read(name: str, item: h5py.Dataset | h5py.Group) -> None:
        for key, value in item.attrs.items():
            if key not in CHANGING:
                found[f"{name}@{key}"] = repr(value.tolist() if hasattr(value, "tolist") else value)

    with h5py.File(path) as file:
        read("", file)
        file.visititems(read)
    return found


def different(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names whose values differ, or that only one of the two has."""
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def main() -> None:
    """Prints a line for each pair of files and for each table and attribute that differs."""
    paths = [Path(text) for text in sys.argv[1:]]
    if not paths or len(paths) % 2:
        click.echo("expected pairs of databases: OLD.h5 NEW.h5", err=True)
        sys.exit(2)
    changed_tables = 0
    for old, new in zip(paths[::2], paths[1::2], strict=True):
        before = tables(old)
        changed, told = different(before, tables(new)), different(attributes(old), attributes(new))
        click.echo(f"{old} {new}: {len(before)} tables, {len(changed)} differ; {len(told)} attributes differ")
        for name in [*changed, *told]:
            click.echo(f"    {name}")
        changed_tables += len(changed)
    sys.exit(changed_tables > 0)


if __name__ == "__main__":
    main()
