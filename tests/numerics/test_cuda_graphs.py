"""The order of calls in a recording, with stand-ins for the device; tests/optimize/test_cuda.py has a real one."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch

from landscape.numerics.cuda_graphs import record

DEVICE = torch.device("cuda")


class Stream:
    """A stream that notes the streams for which it waits."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    def wait_stream(self, other: "Stream") -> None:
        self.told.append(f"{self.name} waits for {other.name}")


class Graph:
    """A graph that notes its replays."""

    told: list[str]

    def replay(self) -> None:
        self.told.append("replay")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The list of noted events."""
    told: list[str] = []
    main, side = Stream("main", told), Stream("side", told)
    Graph.told = told

    @contextmanager
    def capture(_: Graph, stream: Stream) -> Iterator[None]:
        told.append(f"capture on {stream.name}")
        yield

    @contextmanager
    def on(stream: Stream) -> Iterator[None]:
        told.append(f"on {stream.name}")
        yield

    stand_ins = {
        "device": lambda _: nullcontext(),
        "Stream": lambda: side,
        "current_stream": lambda: main,
        "stream": on,
        "CUDAGraph": Graph,
        "graph": capture,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return told


def test_work_is_warmed_up_and_captured_on_one_stream(told: list[str]) -> None:
    replay = record(DEVICE, lambda: told.append("work"))
    assert told == [
        *("side waits for main", "on side", "work", "main waits for side"),
        *("capture on side", "work"),
    ]
    replay()
    assert told[6:] == ["replay"]


def test_work_that_cannot_be_captured_goes_on_as_it_is_and_says_so(told: list[str]) -> None:
    def work() -> None:
        if "capture on side" in told[-1:]:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")
        told.append("work")

    with pytest.warns(UserWarning, match="found 'operation not permitted when stream is capturing'"):
        replay = record(DEVICE, work)
    assert told.count("work") == 1
    told.append("later")
    replay()
    assert told[-1] == "work"
