"""Quenches per second on one core, ours beside the best peer in the same run: ``python -m tests.benchmarks``.

Two workers, one for `landscape` and one for pele's L-BFGS in C++ with a numpy potential, are pinned to one core and
take turns over the same starts: ours, peer, ours, peer, ... so that whatever else the machine does hits both. A worker
counts its own process CPU time, while it minimises and at no other time. What it reports is re-evaluated here with a
numpy network that shares no code with either, and only verified minima count. Compare ratios of one run;
absolute rates differ between machines and hours.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import click

from tests.benchmarks.judge import Judge, Round
from tests.benchmarks.landscapes import IRIS_10, L2
from tests.benchmarks.worker import Worker, find_peer, make_peer, our_command, peer_command


@click.command()
@click.option("--l2", "weights", type=float, multiple=True, default=L2, show_default=True, help="L2 weights.")
@click.option("--starts", type=click.IntRange(min=1), default=512, show_default=True, help="Quenches of a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds of each worker.")
@click.option("--memory", default=40, show_default=True, help="Correction pairs of our L-BFGS; the peer's are 40.")
@click.option("--batch", default=64, show_default=True, help="Walkers that we hold at a time.")
@click.option("--core", type=int, help="The core to run on; the last allowed one if not given.")
@click.option("--make-peer", "wanted", is_flag=True, help="Make the peer's virtual environment .venv-peers and stop.")
def main(
    weights: Sequence[float], starts: int, rounds: int, memory: int, batch: int, core: int | None, wanted: bool
) -> None:
    """Quenches per second on the Iris landscape of a 4-10-3 tanh network, beside the best peer."""
    if wanted:
        make_peer()
        return
    peer = find_peer()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})
    lines = []
    for l2 in weights:
        judge = Judge(IRIS_10, l2)
        with Worker(our_command(), memory=memory, batch=batch) as ours, Worker(peer_command(peer), memory=40) as other:
            pairs = []
            for number in range(rounds):
                pairs.append((judge.round(ours, starts), judge.round(other, starts)))
                click.echo(f"l2 {l2:g}, round {number + 1}: " + "; ".join(map(str, pairs[-1])))
            lines.append(_line(l2, pairs, f"M={memory}, {batch} walkers", f"{other.versions}"))
    click.echo("\n".join(["", *_HEADER, *lines, "", _conditions(starts, rounds)]))


_HEADER = (
    "| quenches per second, iris-10 | landscape: best (median) | calls | peer: best (median) | calls | ratio |",
    "|---|---|---|---|---|---|",
)


def _line(l2: float, pairs: list[tuple[Round, Round]], settings: str, peer: str) -> str:
    ours, other = ([r.rate for r in column] for column in zip(*pairs, strict=True))
    return (
        f"| l2 {l2:g} ({settings}; {peer}) | {max(ours):.0f} ({median(ours):.0f}) | {pairs[0][0].calls:.0f} "
        f"| {max(other):.0f} ({median(other):.0f}) | {pairs[0][1].calls:.0f} | {max(ours) / max(other):.2f} "
        f"({median(a / b for a, b in zip(ours, other, strict=True)):.2f}) |"
    )


def _conditions(starts: int, rounds: int) -> str:
    models = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
    cpu = models[0].partition(":")[2].strip() if models else "unknown processor"
    versions = ", ".join(f"{name} {version(name)}" for name in ("landscape", "torch", "numpy"))
    return (
        f"One core of {cpu}, {datetime.now(UTC):%Y-%m-%d}, {versions}; {rounds} rounds of {starts} starts "
        "from N(0, 1), process CPU time, RMS gradient at most 1e-7, every minimum verified; ratio of the bests "
        "(median of the rounds' ratios)."
    )


if __name__ == "__main__":
    main()
