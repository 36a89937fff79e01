"""Comparison of `landscape` with its peers in the same run on one core: ``python -m tests.benchmarks``.

Workers, one for `landscape`, one for pele with a numpy potential and two for OPTIM, are pinned to one core and take
turns at the same work, so that other load on the machine affects all of them. A worker counts the CPU time of its own
process, only while it searches. Its results are verified here by codes that share nothing with any worker, and only
verified results count. Compare ratios of one run; absolute rates differ between machines and hours. The time of a whole
small landscape on two cores is measured by another command, ``python -m tests.benchmarks.whole``.

    quench     quenches per second: iris-10 at two L2 weights, xor-4, digits-16 (without OPTIM)
    hopping    distinct minima of iris-10 in a given number of seconds of basin-hopping, and their share of the Chao1
               estimate (without OPTIM)
    saddles    valid transition states per minute between all pairs of the 20 lowest minima of iris-10; and between
               few pairs, with OPTIM as pylfl sets it up instead of our tuned settings
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import click

from tests.benchmarks.machine import processor
from tests.benchmarks.rows import Figure, Hopping, Lowest, Quenches, Row, Saddles, table_line
from tests.benchmarks.worker import Worker, make_peers, our_command, peer_command

KINDS = ("quench", "hopping", "saddles")
LOWEST, FEW = 20, 24  # minima; pairs that OPTIM with pylfl's settings finishes in a minute or two


@click.command()
@click.argument("kinds", type=click.Choice([*KINDS, "all"]), nargs=-1)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds of each worker.")
@click.option("--starts", type=click.IntRange(min=32), default=512, show_default=True, help="Quenches of a round.")
@click.option("--seconds", default=120.0, show_default=True, help="CPU time of basin-hopping in a round.")
@click.option("--memory", default=40, show_default=True, help="Correction pairs of our L-BFGS.")
@click.option("--batch", default=512, show_default=True, help="Walkers that we hold at a time.")
@click.option("--core", type=int, help="The core to run on; the last allowed one if not given.")
@click.option("--make-peers", "wanted", is_flag=True, help="Make the peers' virtual environment .venv-peers and stop.")
def main(
    kinds: Sequence[str],
    rounds: int,
    starts: int,
    seconds: float,
    memory: int,
    batch: int,
    core: int | None,
    wanted: bool,
) -> None:
    """Measures `landscape` and its peers on one core, at the kinds of work given; at all kinds if none is given."""
    if wanted:
        make_peers()
        return
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})
    chosen = KINDS if not kinds or "all" in kinds else kinds
    with (
        Worker(our_command(), memory=memory, batch=batch) as ours,
        Worker(peer_command("pele_peer")) as pele,
        Worker(peer_command("optim_peer")) as optim,
        Worker(peer_command("pylfl_peer")) as pylfl,
    ):
        workers = [ours, pele, optim]
        work = [piece for kind in chosen for piece in _work(kind, workers, pylfl, starts, seconds)]
        lines = [_measured(row, takers, rounds) for row, takers in work]
        header = f"| one core | {' | '.join(worker.versions for worker in workers)} |"
    click.echo("\n".join(["", header, "|---|---|---|---|", *lines, "", _conditions(rounds, memory, batch)]))


def _work(
    kind: str, workers: list[Worker], pylfl: Worker, starts: int, seconds: float
) -> Iterator[tuple[Row, list[Worker]]]:
    """The rows of a kind of work, each with the workers that take part."""
    if kind == "hopping":
        yield Hopping("iris-10", 1e-4, seconds), workers[:2]
    elif kind == "saddles":
        lowest = Lowest("iris-10", 1e-4, LOWEST, workers[0])
        yield Saddles(lowest, lowest.pairs), workers
        yield Saddles(lowest, FEW, ", OPTIM as pylfl sets it up"), [*workers[:2], pylfl]
    else:
        for landscape, l2 in (("iris-10", 1e-3), ("iris-10", 1e-4), ("xor-4", 1e-4)):
            yield Quenches(landscape, l2, starts), workers
        yield Quenches("digits-16", 1e-4, starts // 32), workers[:2]  # a quench by OPTIM takes seven seconds here


def _measured(row: Row, workers: Sequence[Worker], rounds: int) -> str:
    """Line of the table for a row, after all its rounds; prints each round as it ends."""
    figures: list[list[Figure]] = []
    for number in range(rounds):
        figures.append([row.measure(worker, number) for worker in workers])
        told = (f"{worker.versions} {figure}" for worker, figure in zip(workers, figures[-1], strict=True))
        click.echo(f"{row.title}, round {number + 1}: {' | '.join(told)}")
    return table_line(row.title, figures)


def _conditions(rounds: int, memory: int, batch: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("landscape-explorer", "torch", "numpy", "numba"))
    return (
        f"One core of {processor()}, {datetime.now(UTC):%Y-%m-%d}; {versions}; M={memory}, {batch} walkers; "
        f"{rounds} rounds, process CPU time. Starts N(0, 1), RMS gradient at most 1e-7 (transition states: 1e-6, then "
        "Newton steps), every minimum and transition state verified. Best of the rounds (median); bold: landscape's "
        "best to this best (median of the rounds' ratios)."
    )


if __name__ == "__main__":
    main()
