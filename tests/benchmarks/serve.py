"""The worker's side of the conversation in `worker.py`, for any environment."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TypedDict


class Answer(TypedDict):
    """Points [F][P], a count [F] for each (see `worker.py`), and the CPU seconds of the work."""

    theta: list[list[float]]
    counts: list[int]
    seconds: float


class Clock:
    """CPU seconds of this process since the clock was made."""

    def __init__(self) -> None:
        self.begin = time.process_time()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.process_time() - self.begin


def serve(name: str, tasks: Mapping[str, Callable[..., Answer]]) -> None:
    """Answers requests until there are no more; all other output and log messages are discarded."""
    logging.disable(logging.CRITICAL)
    _say({"versions": name})
    for line in sys.stdin:
        request = json.loads(line)
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            answer = tasks[request.pop("task")](**request)
        _say(answer)


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
