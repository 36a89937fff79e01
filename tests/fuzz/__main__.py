"""Run many cases and print the table of their outcomes: ``python -m tests.fuzz --cases 50000 --seed 0``."""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from tests.fuzz.batches import outcomes_of
from tests.fuzz.cases import Outcome, files, kinds


def outcomes(cases: int, seed: int) -> dict[str, list[Outcome]]:
    """The outcomes of so many cases by kind, as many of each kind."""
    with tempfile.TemporaryDirectory() as name:
        files(Path(name))
        every = kinds(Path(name))
        wanted = [(every[case % len(every)], seed * 10**9 + case) for case in range(cases)]
        found: dict[str, list[Outcome]] = {kind.name: [] for kind in every}
        for (kind, _), outcome in zip(wanted, outcomes_of(wanted), strict=True):
            found[kind.name].append(outcome)
        return found


@click.command()
@click.option("--cases", type=click.IntRange(min=1), default=2000, show_default=True, help="Number of cases.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all cases.")
def main(cases: int, seed: int) -> None:
    """Damage files and arguments at random, give them to the commands, and print what happens; status 1 on a fault."""
    began = time.monotonic()
    found = outcomes(cases, seed)
    click.echo(f"{cases} cases, seed {seed}, {time.monotonic() - began:.0f} s")
    for name, own in found.items():
        for word, count in Counter(one.word for one in own).most_common():
            click.echo(f"{name:<22}{word:<30}{count:>8}")
    faults = [one for own in found.values() for one in own if one.is_fault]
    for one in faults[:50]:
        click.echo(f"\nFAULT {one.word}: {one.story}")
    click.echo(f"\n{len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
