"""Transition states that OPTIM finds between the lowest minima of a database, and the part of them that it holds.

    python -m tests.benchmarks.recall iris.h5

The database is that of a default run of runs/iris.toml. OPTIM connects all pairs of the lowest minima, as in the
benchmark of transition states; its states are verified and counted once each.
"""

from math import comb
from pathlib import Path

import click
import numpy as np

from landscape.database.database import open_database
from tests.benchmarks.judge import FINISHED, Judge
from tests.benchmarks.rows import SADDLE_RMS
from tests.benchmarks.worker import Worker, peer_command

PLACE = {"landscape": "iris-10", "l2": 1e-4}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lowest", default=20, show_default=True, help="Minima that OPTIM connects.")
def main(file: Path, lowest: int) -> None:
    """Print how many of OPTIM's states the database holds, and the energies of the others."""
    judge = Judge(**PLACE)  # type: ignore[arg-type]
    with open_database(file) as db:
        ends = db.minima.parameters[np.argsort(db.minima.energy)[:lowest]]
        held = db.transition_states.parameters
    with Worker(peer_command("optim_peer")) as optim:
        answer = optim.ask("connect", **PLACE, minima=ends.tolist(), pairs=comb(lowest, 2))
    valid = np.array(judge.finished(np.array(answer["theta"]), 1, SADDLE_RMS)).reshape(-1, held.shape[1])
    theirs, _ = judge.distinct(valid, [1] * len(valid), FINISHED)
    both, times_held = judge.distinct(np.concatenate([theirs, held]), [0] * len(theirs) + [1] * len(held), FINISHED)
    missed = [judge.network.energy(point) for point, times in zip(both, times_held, strict=True) if not times]
    click.echo(
        f"{optim.versions}: {len(answer['theta'])} states, {len(valid)} valid, {len(theirs)} distinct, "
        f"{answer['seconds']:.0f} s; the database holds {len(theirs) - len(missed)} of them"
    )
    for energy in missed:
        click.echo(f"  missed: {energy:.9f}")


if __name__ == "__main__":
    main()
