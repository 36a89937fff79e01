"""Compares databases table by table: `python -m tests.benchmarks.same_tables OLD.h5 NEW.h5 [OLD.h5 NEW.h5 ...]`.

Every data set must have the same type, shape and bytes in both files, but for the seconds of the rounds. Exit status 1
where one differs.
"""

import sys
from pathlib import Path

import click
import h5py

TIMES = "rounds/seconds"


def tables(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Type, shape and bytes of every data set that does not hold times."""
    found: dict[str, tuple[str, tuple[int, ...], bytes]] = {}

    def read(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and name != TIMES:
            values = item[()]
            text = repr(values.tolist() if hasattr(values, "tolist") else values).encode()
            found[name] = str(item.dtype), item.shape, text if item.dtype.hasobject else values.tobytes()

    with h5py.File(path) as file:
        file.visititems(read)
    return found


def main() -> None:
    """Prints a line for each pair of files and for each table that differs."""
    paths = [Path(text) for text in sys.argv[1:]]
    different = 0
    for old, new in zip(paths[::2], paths[1::2], strict=True):
        before, after = tables(old), tables(new)
        changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
        click.echo(f"{old} {new}: {len(before)} tables, {len(changed)} differ")
        for name in changed:
            click.echo(f"    {name}: {before.get(name, ('none', ()))[:2]} {after.get(name, ('none', ()))[:2]}")
        different += len(changed)
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
