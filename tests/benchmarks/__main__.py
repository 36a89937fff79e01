"""`landscape` beside the best peer in the same run on one core: ``python -m tests.benchmarks``.

Two workers, one for `landscape` and one for pele with a numpy potential, are pinned to one core and take turns at the
same work: ours, peer, ours, peer, ... so that whatever else the machine does hits both. A worker counts its own process
CPU time, while it searches and at no other time. What it reports is verified here by codes that share nothing with
either, and only what passes counts. Compare ratios of one run; absolute rates differ between machines and hours.

    quench     quenches per second: iris-10 at two L2 weights, xor-4, digits-16
    hopping    distinct minima of iris-10 in so many seconds of basin-hopping, and their share of the Chao1 estimate
    saddles    valid transition states per minute between all pairs of the 20 lowest minima of iris-10
"""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from tests.benchmarks.rows import Figure, Hopping, Quenches, Row, Saddles, table_line
from tests.benchmarks.worker import Worker, find_peer, make_peer, our_command, peer_command

KINDS = ("quench", "hopping", "saddles")
LOWEST = 20


@click.command(help=__doc__)
@click.argument("kinds", type=click.Choice([*KINDS, "all"]), nargs=-1)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds of each worker.")
@click.option("--starts", type=click.IntRange(min=32), default=512, show_default=True, help="Quenches of a round.")
@click.option("--seconds", default=120.0, show_default=True, help="CPU time of basin-hopping in a round.")
@click.option("--memory", default=40, show_default=True, help="Correction pairs of our L-BFGS.")
@click.option("--batch", default=64, show_default=True, help="Walkers that we hold at a time.")
@click.option("--core", type=int, help="The core to run on; the last allowed one if not given.")
@click.option("--make-peer", "wanted", is_flag=True, help="Make the peer's virtual environment .venv-peers and stop.")
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
    """Measures the kinds of work that are asked for, all if none is."""
    if wanted:
        make_peer()
        return
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})
    chosen = KINDS if not kinds or "all" in kinds else kinds
    with Worker(our_command(), memory=memory, batch=batch) as ours, Worker(peer_command(find_peer())) as peer:
        rows: dict[str, Callable[[], Iterator[Row]]] = {
            "quench": lambda: _quenches(starts),
            "hopping": lambda: iter([Hopping("iris-10", 1e-4, seconds)]),
            "saddles": lambda: iter([Saddles("iris-10", 1e-4, LOWEST, ours)]),
        }
        lines = [_measured(row, ours, peer, rounds) for kind in chosen for row in rows[kind]()]
        header = f"| one core | landscape: best (median) | {peer.versions}: best (median) | ratio |"
    click.echo("\n".join(["", header, "|---|---|---|---|", *lines, "", _conditions(rounds, memory, batch)]))


def _quenches(starts: int) -> Iterator[Row]:
    yield Quenches("iris-10", 1e-3, starts)
    yield Quenches("iris-10", 1e-4, starts)
    yield Quenches("xor-4", 1e-4, starts)
    yield Quenches("digits-16", 1e-4, starts // 32)  # a quench takes a thousand times as long


def _measured(row: Row, ours: Worker, peer: Worker, rounds: int) -> str:
    """Line of the table, once all rounds of a row are done; each is told as it ends."""
    pairs: list[tuple[Figure, Figure]] = []
    for number in range(rounds):
        pairs.append((row.measure(ours, number), row.measure(peer, number)))
        told = (f"{figure.value:.4g} ({figure.details})" for figure in pairs[-1])
        click.echo(f"{row.title}, round {number + 1}: {' | '.join(told)}")
    return table_line(row.title, pairs)


def _conditions(rounds: int, memory: int, batch: int) -> str:
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    cpu = models[0].partition(":")[2].strip() if models else "unknown processor"
    versions = ", ".join(f"{name} {version(name)}" for name in ("landscape", "torch", "numpy", "numba"))
    return (
        f"One core of {cpu}, {datetime.now(UTC):%Y-%m-%d}; {versions}; M={memory}, {batch} walkers; {rounds} rounds, "
        "process CPU time. Starts N(0, 1), RMS gradient at most 1e-7 (transition states: 1e-6, then Newton "
        "steps), every minimum and transition state verified. Best of the rounds (median); ratio of the bests "
        "(median of the rounds' ratios)."
    )


if __name__ == "__main__":
    main()
