"""Processor time until the lowest minima are connected, all minima are, and the search is complete by its criteria.

    python -m tests.benchmarks.goals runs/study-digits.toml --lowest 40 --seed 0
    python -m tests.benchmarks.goals runs/digits-conv.toml --lowest 0 --set problem.l2=1e-3

With `--given` time counts from the end of all steps of basin-hopping that the run file allows, else from the beginning.
"Known at first" and "wanted at first" refer to the minima at that time. One process, one core; nothing is measured.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np

from landscape.campaign.context import one_thread_per_task
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import context_of, record_of
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.alternating import Alternating
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.session import run_campaign
from landscape.config.run_file import RunConfig
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.graph.depth import components
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal

CONNECTED = 0.95  # fraction of all minima


class Enough(Exception):  # noqa: N818 - no error
    """The time is up, or all goals are reached."""


class Watch(Silent):
    """Prints the time at which each goal is first reached."""

    def __init__(self, goal: Goal, tolerance: float, tables: Tables, limit: float) -> None:
        self.goal, self.tolerance, self.limit = goal, tolerance, limit
        self.given = len(tables.minima)
        self.wanted = goal.rows(tables.minima.energy)
        self.begun = time.process_time()
        self.reached = set[str]()

    def commit(self, commit: Commit, tables: Tables) -> None:
        del commit
        seconds = time.process_time() - self.begun
        criteria = Criteria.of(tables, self.goal, self.tolerance)
        label = components(len(tables.minima), tables.transition_states.minima)
        wanted, given = self.wanted, np.arange(self.given)
        lowest = label[np.argmin(tables.minima.energy)]
        share = (label[given] == lowest).mean() if self.given else 0.0
        goals = {
            "those wanted at first are connected": bool(len(wanted)) and bool((label[wanted] == lowest).all()),
            f"{CONNECTED:.0%} of those known at first are connected": share >= CONNECTED,
            "those wanted now are connected": criteria.is_connected,
            "all criteria hold": criteria.all_hold,
        }
        last = tables.rounds[-1]
        click.echo(
            f"  {seconds:7.1f} s  {last.kind:<14} {len(tables.minima)} minima, {len(tables.transition_states)} states, "
            f"{criteria.connected:.0%} of wanted and {share:.0%} of those at first connected, "
            f"{criteria.fell.fell if criteria.fell else 0} merges fell in the last doubling"
        )
        for name in [name for name, holds in goals.items() if holds and name not in self.reached]:
            self.reached.add(name)
            click.echo(f"{seconds:8.1f} s  {name}")
        if seconds > self.limit or len(self.reached) == len(goals):
            raise Enough


@click.command()
@click.argument("run_file", type=Path)
@click.option("--lowest", default=40, show_default=True, help="Minima that are wanted; 0: all.")
@click.option("--seed", default=0, show_default=True)
@click.option("--given", is_flag=True, help="Count from the end of basin-hopping, and go on without it.")
@click.option("--set", "changes", multiple=True, help="TABLE.KEY=VALUE of the run file.")
@click.option("--limit", default=600.0, show_default=True, help="CPU seconds.")
def main(*, run_file: Path, lowest: int, seed: int, given: bool, changes: tuple[str, ...], limit: float) -> None:
    """Print the time at which each goal is reached."""
    wanted = [f"explore.lowest={lowest}", f"run.seed={seed}", "connect.target=1.0", *changes]
    config = RunConfig.from_toml(run_file).override(wanted)
    context = context_of(config, "cpu")
    with tempfile.TemporaryDirectory() as folder, one_thread_per_task(), Interrupt() as interrupt:
        store = open_or_create(Path(folder) / "a.h5", record_of(context), resume=False)
        pool = LocalPool(context.execute)
        if given:
            run_campaign(context, store, pool, Silent(), interrupt, (BasinHopping,))
        watch = Watch(Goal.of(context.settings), context.identity.energy_tolerance, store.tables, limit)
        click.echo(f"P = {context.objective.n_parameters}, {watch.given} minima at first")
        try:
            run_campaign(context, store, pool, watch, interrupt, (Alternating,))
        except Enough:
            click.echo("stopped")
        lines = Criteria.of(store.tables, watch.goal, watch.tolerance).lines("wanted minima")
        click.echo("\n".join(lines))
        store.close()


if __name__ == "__main__":
    main()
