"""Other programs read our export: ``python -m tests.benchmarks.exchange FILE.h5 ...``; exit status 1 if one differs.

Each database is exported and read by pele, PyGT, topsearch and disconnectionDPS in the peers' environment
(`--make-peers` of the benchmarks makes it). Their counts are compared with those that this file computes with h5py:
minima, transition states, and pairs of different minima that are joined, on which programs differ in which they keep.
With `--again` the export to PATHSAMPLE is imported too, and every number of every point compared with the database.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import click
import h5py
import numpy as np

from tests.benchmarks.worker import ROOT, peer_command

FORMATS = ("pathsample", "pele", "topsearch")
LEFT_OUT = ("hits", "found_from", "minima", "sides_ambiguous")  # not imported, or compared otherwise
AGREE = 1e-12


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--again", "run_file", type=click.Path(path_type=Path), help="Run file of the problem: import again.")
@click.pass_context
def main(context: click.Context, files: tuple[Path, ...], run_file: Path | None) -> None:
    """Export databases and let other programs read them."""
    agree = True
    for file in files:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for form in FORMATS:
                landscape("export", file.absolute(), "-o", folder / form, "--format", form)
            agree &= compare(expected(file), read_by_peers(file, folder))
            if run_file is not None:
                agree &= imported_again(file, folder, run_file)
    context.exit(0 if agree else 1)


def landscape(*arguments: object) -> None:
    """Run our command."""
    subprocess.run(["landscape", *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def expected(file: Path) -> dict[str, list[int]]:
    """The counts that each program should find, by the beginning of its name."""
    with h5py.File(file) as database:
        minima, states = (int(database[name].attrs["count"]) for name in ("minima", "transition_states"))
        sides = np.sort(database["transition_states/minima"][:states], axis=1)
        energy = database["minima/energy"][:minima]
    pairs = len(np.unique(sides, axis=0))
    between = sides[sides[:, 0] != sides[:, 1]]
    rank = np.argsort(np.argsort(energy, kind="stable"))
    return {
        "pele": [minima, states],
        "PyGT": [int(rank[sides].max()) + 1, len(np.unique(between, axis=0))],
        "topsearch": [minima, states, pairs],
        "disconnectionDPS": [minima, len(between)],
    }


def read_by_peers(file: Path, folder: Path) -> dict[str, list[int]]:
    """The counts that each program found."""
    with h5py.File(file) as database:
        parameters = int(database["problem"].attrs["n_parameters"])
    with tempfile.TemporaryDirectory() as work:
        command = [*peer_command("exchange_peer"), str(folder), str(parameters), work]
        found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    counts: dict[str, list[int]] = json.loads(found.stdout)
    return counts


def compare(wanted: dict[str, list[int]], found: dict[str, list[int]]) -> bool:
    """Print the counts of each program, and tell whether all are as expected."""
    agree = True
    for name, counts in found.items():
        (own,) = (value for key, value in wanted.items() if name.startswith(key))
        same = counts == own
        click.echo(f"{name:<36} {counts} {'as expected' if same else f'EXPECTED {own}'}")
        agree &= same
    return agree


def imported_again(file: Path, folder: Path, run_file: Path) -> bool:
    """Import the export to PATHSAMPLE and print the largest difference of each column, relative to values above 1."""
    again = folder / "again.h5"
    landscape("import", folder / "pathsample", "--format", "pathsample", "--problem", run_file.absolute(), "-o", again)
    lines = np.loadtxt(folder / "pathsample/rows.csv", delimiter=",", skiprows=1, dtype=str)
    largest = 0.0
    with h5py.File(file) as before, h5py.File(again) as after:
        for table in ("minima", "transition_states"):
            rows = lines[lines[:, 0] == table, 2].astype(int)
            if int(after[table].attrs["count"]) != len(rows):
                click.echo(f"{table}: {after[table].attrs['count']} imported, EXPECTED {len(rows)}")
                return False
            for column in set(before[table]) - set(LEFT_OUT):
                old, new = before[table][column][()][rows], after[table][column][: len(rows)]
                difference = (np.abs(old - new) / np.maximum(1.0, np.abs(old))).max()  # logarithms are large
                click.echo(f"imported again: {table} {column:<28} {difference:.3g}")
                largest = max(largest, float(difference))
    return largest <= AGREE


if __name__ == "__main__":
    main()
