"""Run many cases and print the table of their outcomes: ``python -m tests.fuzz --cases 50000 --seed 0``."""

import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import click

from tests.fuzz.batches import Case, outcomes_of
from tests.fuzz.cases import Outcome, kinds


def outcomes(cases: int, seed: int) -> dict[str, list[Outcome]]:
    """The outcomes of so many cases by kind."""
    with tempfile.TemporaryDirectory() as name:
        children = get_context("fork")
        asked, answers = children.Pipe()
        whole = children.Process(target=_whole, args=(answers, Path(name)), daemon=True)
        whole.start()
        answers.close()
        asked.recv()  # good files are there
        every = kinds(Path(name))
        turns = [kind for kind in every for _ in range(kind.share)]
        wanted = [(turns[case % len(turns)], seed * 10**9 + case) for case in range(cases)]
        light = _told([case for case in wanted if case[0].light])
        first = [next(light) if kind.light else None for kind, _ in wanted]
        asked.send([case for case, outcome in zip(wanted, first, strict=True) if outcome is None])
        rest = iter(asked.recv())
        whole.join()
        found: dict[str, list[Outcome]] = {kind.name: [] for kind in every}
        for (kind, _), outcome in zip(wanted, first, strict=True):
            found[kind.name].append(next(rest) if outcome is None else outcome)
        return found


def _whole(asked: Connection, folder: Path) -> None:
    """Write good files, and tell the outcomes of the cases that need torch, in a process that has everything."""
    from tests.fuzz.begin import files  # noqa: PLC0415 - torch

    files(folder)
    asked.send(None)
    asked.send(list(_told(asked.recv())))


def _told(cases: Sequence[Case]) -> Iterator[Outcome | None]:
    """The outcomes of cases; a fault is printed as soon as it is found."""
    for outcome in outcomes_of(cases):
        if outcome is not None and outcome.is_fault:
            click.echo(f"FAULT {outcome.word}: {outcome.story}\n", err=True)
        yield outcome


@click.command()
@click.option("--cases", type=click.IntRange(min=1), default=2000, show_default=True, help="Number of cases.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all cases.")
def main(cases: int, seed: int) -> None:
    """Damage files and arguments at random, give them to the commands, and print what happens; status 1 on a fault."""
    found = outcomes(cases, seed)
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(one.ru_utime + one.ru_stime for one in used)
    click.echo(f"{cases} cases, seed {seed}, {seconds:.0f} s of processor time")
    for name, own in found.items():
        for word, count in Counter(one.word for one in own).most_common():
            click.echo(f"{name:<22}{word:<30}{count:>8}")
    faults = sum(one.is_fault for own in found.values() for one in own)
    click.echo(f"\n{faults} faults")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
