"""Progress of a campaign on standard error: rounds, new points, rate and time left.

A terminal shows a bar for the open round; every committed round gets one line, so the log of a batch job stays short.
A campaign outlives its display: what cannot be shown is lost.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm
from tqdm.auto import tqdm as widget

from landscape.campaign.exits import forgiving
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.messages import counted
from landscape.numerics.compilation import compile_seconds

LEAST_TOLD = 0.5  # seconds of compiling that get a line


class Progress(Protocol):
    """Observer of a campaign."""

    def begin(self, kind: str, number: int, planned: int, tasks: int) -> None:
        """Called as round `number` (from 1) of at most `planned` rounds of this kind begins, with `tasks` tasks."""

    def task_done(self) -> None:
        """Called after each task of the open round."""

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Called after the round was committed; the commit is in `tables`."""


class Silent:
    """No progress is shown."""

    def begin(self, kind: str, number: int, planned: int, tasks: int) -> None:
        """Show nothing."""

    def task_done(self) -> None:
        """Show nothing."""

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Show nothing."""


class Console:
    """Progress on standard error."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._title = ""
        self._left = 0
        self._kind = ""
        self._seconds: dict[str, list[float]] = {}  # durations of the rounds of each kind

    def begin(self, kind: str, number: int, planned: int, tasks: int) -> None:
        """Open the bar of the round on a terminal."""
        self._kind = kind
        self._left = max(0, planned - number)
        self._title = f"{kind.replace('_', ' ')} round {number} of at most {max(planned, number)}"
        if sys.stderr.isatty():
            self._bar = tqdm(total=tasks, desc=self._title, unit="task", leave=False, file=forgiving(sys.stderr))
        self._begun, self._compiled = time.monotonic(), compile_seconds()

    def task_done(self) -> None:
        """Advance the bar."""
        if self._bar is not None:
            self._bar.update()

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Close the bar and print the line of the round."""
        if self._bar is not None:
            self._bar.close()
        compiled = compile_seconds() - self._compiled  # once for this machine: neither rate nor time left count it
        seconds = time.monotonic() - self._begun - compiled
        if compiled >= LEAST_TOLD:
            print(f"compiled in {compiled:.1f} s", file=forgiving(sys.stderr), flush=True)
        taken = self._seconds.setdefault(self._kind, [])
        taken.append(seconds)
        pieces = _counts(commit, tables)
        if commit.evaluations:
            pieces.append(f"{commit.evaluations / max(seconds, 1e-9):,.0f} evaluations/s")
        pieces.append(f"{seconds:.1f} s")
        if self._left:
            mean = sum(taken) / len(taken)
            pieces.append(f"at most {tqdm.format_interval(mean * self._left)} more of this kind")
        print(f"{self._title}: {', '.join(pieces)}", file=forgiving(sys.stderr), flush=True)


def _counts(commit: Commit, tables: Tables) -> list[str]:
    """Numbers of points in all, and of those that the commit added."""
    if commit.training is not None:
        return [_grown(len(tables.training), len(commit.training.points), "trained network")]
    if commit.sampled is not None and commit.sampled.quenches is not None:
        return [
            _grown(len(tables.sampled_quenches), len(commit.sampled.quenches), "sampled quench", "sampled quenches")
        ]
    if commit.sampled is not None and commit.sampled.pairs is not None:
        return [_grown(len(tables.sampled_pairs), len(commit.sampled.pairs), "sampled pair")]
    found = [
        _grown(len(tables.minima), len(commit.minima), "minimum", "minima"),
        _grown(len(tables.transition_states), len(commit.transition_states), "transition state"),
    ]
    return found if commit.saddles is None else [*found, _grown(len(tables.saddles), len(commit.saddles), "saddle")]


def _grown(number: int, added: int, one: str, many: str = "") -> str:
    """A number of points with its noun, and of those added if there are any."""
    return counted(number, one, many) + (f" (+{added})" if added else "")


class Bar:
    """One bar for a whole campaign, on a terminal or in a notebook: the open round, and the points found so far."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def begin(self, kind: str, number: int, planned: int, tasks: int) -> None:
        """Start the bar again for a round."""
        if self._bar is None:
            self._bar = widget(unit="task", file=forgiving(sys.stderr))
        self._bar.reset(total=tasks)
        self._bar.set_description_str(f"{kind.replace('_', ' ')} {number} of at most {max(planned, number)}")

    def task_done(self) -> None:
        """Advance the bar."""
        if self._bar is not None:
            self._bar.update()

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Show the numbers of points."""
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(_counts(commit, tables)))

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def shown(progress: bool | Progress) -> Iterator[Progress]:
    """The observer asked for: a bar for True where somebody looks, nothing for False, or the given one."""
    if not isinstance(progress, bool):
        yield progress
    elif progress and (sys.stderr.isatty() or "ipykernel" in sys.modules):
        bar = Bar()
        try:
            yield bar
        finally:
            bar.close()
    else:
        yield Silent()
