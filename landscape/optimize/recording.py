"""Steps of a whole batch recorded once and replayed: on a GPU one launch instead of a thousand.

A recorded function reads and writes the same memory every time. So the recorded state keeps its memory, and the result
of the steps is copied back into it. The recording is valid as long as the driver loop passes this state, changed in
place or not. A state of another size needs a new recording.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Generic, TypeVar

from landscape.objective import Recorder, Replay

S = TypeVar("S")

# Calls with one state before recording: a recording costs about as much as these calls (tests/benchmarks/gpu.py).
RECORD_AFTER = 32


class Recorded(Generic[S]):
    """A function of a state that is recorded for a state with which it is called repeatedly.

    The function may write the state in place. States are frozen dataclasses of tensors.
    """

    def __init__(self, steps: Callable[[S], S], recorder: Recorder) -> None:
        self._steps, self._recorder = steps, recorder
        self._state: S | None = None
        self._calls = 0
        self._replay: Replay | None = None

    def __call__(self, state: S) -> S:
        """The given state, overwritten with the result of the steps."""
        if state is not self._state:
            self._state, self._calls, self._replay = state, 0, None
        self._calls += 1
        if self._replay is not None:
            self._replay()
        elif self._calls > RECORD_AFTER:
            self._replay = self._recorder(lambda: self._write(state))
        else:
            self._write(state)
        return state

    def _write(self, state: S) -> None:
        ended = self._steps(state)
        for field in fields(state):  # type: ignore[arg-type] # frozen dataclasses have no common type
            before, after = getattr(state, field.name), getattr(ended, field.name)
            if after is not before:
                before.copy_(after)
