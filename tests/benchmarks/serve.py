"""The worker's side of the conversation in `worker.py`."""

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TypedDict


class Answer(TypedDict):
    """End points [W][P] in the order of the starts, energy-gradient calls [W], CPU seconds."""

    theta: list[list[float]]
    calls: list[int]
    seconds: float


def serve(name: str, quench: Callable[[float, int], Answer]) -> None:
    """Answers requests with `quench(l2, starts)` until there are no more; other output goes to standard error."""
    _say({"versions": name})
    for line in sys.stdin:
        request = json.loads(line)
        with redirect_stdout(sys.stderr):
            answer = quench(request["l2"], request["starts"])
        _say(answer)


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
