"""Early stops: by a time limit, SIGTERM, Ctrl-C, or SIGHUP, which the end of a terminal or connection sends.

After a request to stop, the open round may finish within `GRACE_SECONDS`; after that the round is given up. Either way
all committed rounds stay, and the run can be resumed.
"""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

GRACE_SECONDS = 4.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupt:
    """Tells when to stop: it watches the clock and, inside a `with` block in the main thread, `SIGNALS`."""

    def __init__(self, time_limit: float | None = None) -> None:
        """`time_limit` in seconds from now; None for no limit."""
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._signalled: float | None = None
        self.reason = ""
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self  # Python delivers signals to the main thread only
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores it
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def stop_before(self, seconds: float) -> bool:
        """True if the run should stop now rather than start a round of about `seconds`."""
        if self._signalled is None and self._deadline is not None and time.monotonic() + seconds > self._deadline:
            self.reason = "time limit"
            return True
        return self._signalled is not None

    def give_up_round(self) -> bool:
        """True if a stop was requested and the open round has used up its grace period."""
        now = time.monotonic()
        if self._signalled is not None:
            return now > self._signalled + GRACE_SECONDS
        if self._deadline is not None and now > self._deadline + GRACE_SECONDS:
            self.reason = "time limit"
            return True
        return False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal and its time."""
        del frame
        if self._signalled is None:
            self._signalled = time.monotonic()
            self.reason = signal.Signals(number).name


def ignore_signals() -> None:
    """Ignore signals on a rank other than 0; rank 0 decides when to stop."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
