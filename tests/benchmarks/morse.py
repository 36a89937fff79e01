"""Morse sums of small networks from the program's own search: whether they are 1, and the time of the search.

    python -m tests.benchmarks.morse
    python -m tests.benchmarks.morse --seed 1

Every case is explored in memory, with saddles up to an index that no saddle exceeds. One process, one core.
"""

import time
from typing import Any

import click

import landscape
from landscape.studies.morse import morse

XOR: dict[str, Any] = {"dataset": "xor", "standardise": False}
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "xor 2-2-2, l2 = 1e-2": (XOR | {"hidden": [2], "l2": 1e-2}, 4),
    "xor 2-2-2, l2 = 3e-3": (XOR | {"hidden": [2], "l2": 3e-3}, 4),
    "xor 2-2-2, l2 = 1e-3": (XOR | {"hidden": [2], "l2": 1e-3}, 4),
    "xor 2-3-2, l2 = 1e-3": (XOR | {"hidden": [3], "l2": 1e-3}, 6),
    "iris 4-2-3, l2 = 0.3": ({"dataset": "iris", "hidden": [2], "l2": 0.3}, 4),
}
BRIEF = {"epsilon": [0.1], "pgd_steps": 1, "pgd_restarts": 1}


@click.command()
@click.option("--seed", default=0, show_default=True, help="Seed of the searches.")
def main(seed: int) -> None:
    """Explore every case and print a row of a Markdown table for it."""
    click.echo("| network | copies by index | sum | CPU seconds |\n|---|---|---|---|")
    for name, (problem, index) in CASES.items():
        begun = time.process_time()
        saddles = {"max_index": index}
        db = landscape.explore(
            landscape.Problem(**problem), walkers=32, steps=50, seed=seed, measure=BRIEF, saddles=saddles
        )
        count = morse(db).count
        copies = ", ".join(map(str, count.copies))
        click.echo(f"| {name} | {copies} | {count.total} | {time.process_time() - begun:.0f} |")


if __name__ == "__main__":
    main()
