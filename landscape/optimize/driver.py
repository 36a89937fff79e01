"""The loop that runs every iterative method: it retires finished walkers, refills their places and restores the order.

A method is `init(objective, points) -> State` and `step(objective, state) -> State`. A state is a frozen dataclass of
tensors with walkers on the leading axis, one of them `status`. A step does not change walkers that are not RUNNING.
Fields that only the method needs, such as a history, are marked `SCRATCH`: they are empty in results, and a fresh
walker finds in them the values of the walker before it. A state owns its buffers, which `step` and the loop may write
in place.

The loop reads the status only every `CHECK_EVERY` steps, its only synchronisation with a device. It holds at most
`batch` walkers at a time, and fewer where their states would take more than `STATE_BYTES`. So neither memory nor the
time of a step grows with the number of points.

On a CPU empty places are dropped at once. On other devices a new batch size costs more than some idle walkers: empty
places are dropped there when they make up half of the batch.

Work comes from a `Source`, so that the work that follows a finished walker (the next basin-hopping step, the next point
of a list) can depend on its result without stopping the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.batching import walkers_in_hand
from landscape.objective import Energy
from landscape.optimize.recording import Recorded
from landscape.optimize.status import Status

CHECK_EVERY = 8
SCRATCH = {"scratch": True}  # metadata of such fields


class WalkerState(Protocol):
    """A frozen dataclass of tensors with walkers on the leading axis."""

    @property
    def status(self) -> Int[Tensor, " W"]:
        """int64[W], members of `Status`."""


E = TypeVar("E", bound=Energy)
E_contra = TypeVar("E_contra", bound=Energy, contravariant=True)
S = TypeVar("S", bound=WalkerState)
S_contra = TypeVar("S_contra", bound=WalkerState, contravariant=True)


class Method(Protocol[E_contra, S]):
    """An iterative method for independent walkers, on energies of a type E."""

    @property
    def recordable(self) -> bool:
        """True if a step launches the same work on the device every time and never waits for the device."""

    def doubles_per_walker(self, objective: E_contra) -> int:
        """Number of float64 values kept for a walker, from step to step or within a step."""

    def init(self, objective: E_contra, points: Float[Tensor, "W ..."]) -> S:
        """State of fresh walkers at points [W, ...]."""

    def step(self, objective: E_contra, state: S) -> S:
        """One iteration of every running walker."""


class Source(Protocol[S_contra]):
    """A source of points, which also receives their results."""

    def take(self, n: int) -> tuple[list[int], Float[Tensor, "W ..."] | None]:
        """Keys and points [n', ...] of at most n new pieces of work; ([], None) if there is none now."""

    def give(self, keys: Sequence[int], state: S_contra) -> None:
        """Takes finished walkers: their keys and their rows of the state."""


def drive(method: Method[E, S], objective: E, source: Source[S], batch: int) -> None:
    """Runs `method` until `source` has no more work and no walker is left running."""
    taken, points = source.take(batch)
    if points is None:
        return
    keys: list[int | None] = [*taken]
    state = method.init(objective, points)
    advance = _several_steps(method, objective)
    while keys:
        state = advance(state)
        keys, state = _exchange(method, objective, source, batch, keys, state)


def _several_steps(method: Method[E, S], objective: E) -> Callable[[S], S]:
    """A function that makes CHECK_EVERY steps, from a recording if the objective and the method allow recording."""

    def steps(state: S) -> S:
        for _ in range(CHECK_EVERY):
            state = method.step(objective, state)
        return state

    recorder = objective.recorder
    return Recorded(steps, recorder) if recorder is not None and method.recordable else steps


def in_hand(method: Method[E, S], objective: E, batch: int) -> int:
    """Number of walkers to hold at a time: `batch`, or fewer if their states would not fit into `STATE_BYTES`."""
    return min(batch, walkers_in_hand(method.doubles_per_walker(objective), objective.device))


class Listed(Source[S]):
    """A fixed list of points as a source; results come back in the order of the list."""

    def __init__(self, points: Float[Tensor, "W ..."]) -> None:
        self.points = points
        self.next = 0
        self.parts: list[tuple[Sequence[int], S]] = []

    def take(self, n: int) -> tuple[list[int], Float[Tensor, "W ..."] | None]:
        """The next n points."""
        keys = list(range(self.next, min(self.next + n, len(self.points))))
        self.next += len(keys)
        return keys, self.points[keys] if keys else None

    def give(self, keys: Sequence[int], state: S) -> None:
        """Keeps the results."""
        self.parts.append((keys, state))

    def result(self) -> S:
        """State of all walkers in the order of the points."""
        keys = [key for part, _ in self.parts for key in part]
        joined = join([state for _, state in self.parts])
        order = torch.empty(len(keys), dtype=torch.int64)
        order[torch.tensor(keys)] = torch.arange(len(keys))
        return take_rows(joined, order)


def run_all(method: Method[E, S], objective: E, points: Float[Tensor, "W ..."], batch: int) -> S:
    """Final state of every point [W, ...], in order; at most `batch` walkers are held at a time."""
    if not len(points):
        return method.init(objective, points)
    source: Listed[S] = Listed(points)
    drive(method, objective, source, in_hand(method, objective, batch))
    return source.result()


def take_rows(state: S, rows: Int[Tensor, " R"] | slice) -> S:
    """The given walkers of a state."""
    return type(state)(**{f.name: getattr(state, f.name)[rows] for f in _fields(state)})


def put_rows(state: S, rows: Int[Tensor, " R"], part: S) -> S:
    """A state in which the walkers of `part` stand in the given rows."""
    columns = {f.name: getattr(state, f.name).index_copy(0, rows, getattr(part, f.name)) for f in _fields(state)}
    return type(state)(**columns)


def move_running(state: S, move: Callable[[S], S]) -> S:
    """The state after a move of its running walkers alone."""
    rows = (state.status == Status.RUNNING).nonzero()[:, 0]
    return put_rows(state, rows, move(take_rows(state, rows))) if len(rows) else state


def _without_scratch(state: S) -> S:
    """A state whose scratch fields are empty."""
    empty = {f.name: getattr(state, f.name)[:, :0] for f in _fields(state) if f.metadata.get("scratch")}
    return replace(state, **empty)  # type: ignore[type-var]


def join(states: list[S]) -> S:
    """The walkers of all states, one state after the other."""
    first = states[0]
    if len(states) == 1:
        return first
    return type(first)(**{f.name: torch.cat([getattr(s, f.name) for s in states]) for f in _fields(first)})


def _fields(state: WalkerState) -> tuple:  # type: ignore[type-arg]
    return fields(state)  # type: ignore[arg-type]


def _exchange(
    method: Method[E, S], objective: E, source: Source[S], batch: int, keys: list[int | None], state: S
) -> tuple[list[int | None], S]:
    """Gives finished walkers to the source and puts new work into their places; keys of empty places are None."""
    ended = np.flatnonzero((state.status != Status.RUNNING).cpu().numpy()).tolist()
    finished = {row: key for row in ended if (key := keys[row]) is not None}
    if not finished:
        return keys, state
    source.give([*finished.values()], take_rows(_without_scratch(state), _rows(state, [*finished])))
    new_keys, points = source.take(batch - len(keys) + len(ended))
    if points is not None:
        keys, state = _place(keys, state, ended, new_keys, method.init(objective, points))
    empty = ended[len(new_keys) :]
    if _to_be_dropped(len(empty), len(keys), state.status.device):
        return _close(keys, state, empty)
    for row in empty:
        keys[row] = None
    return keys, state


def _close(keys: list[int | None], state: S, empty: list[int]) -> tuple[list[int | None], S]:
    """Drops the places `empty`: the last walkers move into them, so that no buffer is copied."""
    left = len(keys) - len(empty)
    places = [row for row in empty if row < left]
    moving = sorted({*range(left, len(keys))}.difference(empty))
    for f in _fields(state):
        values = getattr(state, f.name)
        values[_rows(state, places)] = values[_rows(state, moving)]
    for place, row in zip(places, moving, strict=True):
        keys[place] = keys[row]
    return keys[:left], take_rows(state, slice(left))


def _to_be_dropped(empty: int, places: int, device: torch.device) -> bool:
    return empty > 0 if device.type == "cpu" else 2 * empty >= places


def _rows(state: WalkerState, rows: list[int]) -> Int[Tensor, " R"]:
    return torch.tensor(rows, dtype=torch.int64, device=state.status.device)


def _place(
    keys: list[int | None], state: S, places: list[int], new_keys: list[int], fresh: S
) -> tuple[list[int | None], S]:
    """Puts fresh walkers into the given places of a state and, when these are used up, behind the other walkers."""
    places = places[: len(new_keys)]
    rows = _rows(state, places)
    for f in _fields(state):
        if not f.metadata.get("scratch"):
            getattr(state, f.name)[rows] = getattr(fresh, f.name)[: len(places)]
    keys = list(keys)
    for place, key in zip(places, new_keys, strict=False):
        keys[place] = key
    if len(places) == len(new_keys):
        return keys, state
    return [*keys, *new_keys[len(places) :]], join([state, take_rows(fresh, slice(len(places), None))])
