"""Recording of work on a CUDA device as a graph, which is launched as one."""

from collections.abc import Callable

import torch


def record(device: torch.device, work: Callable[[], None]) -> Callable[[], None]:
    """Calls `work` on this device once, captures it without doing it again, and returns what replays it.

    The recipe of the documentation of `torch.cuda.CUDAGraph`: the work is warmed up and captured on one side stream;
    what it reads and writes for others stays in place; it neither waits for the device nor does anything on the host
    that would have to be repeated. Raises `RuntimeError` where it does wait.
    """
    with torch.cuda.device(device):
        graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            work()
        torch.cuda.current_stream().wait_stream(side)
        with torch.cuda.graph(graph, stream=side):
            work()
    return graph.replay
