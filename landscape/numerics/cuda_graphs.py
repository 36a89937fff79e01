"""Recording of work on a CUDA device as a graph, which is launched as one."""

import warnings
from collections.abc import Callable

import torch


def record(device: torch.device, work: Callable[[], None]) -> Callable[[], None]:
    """Calls `work` on this device once, captures it without doing it again, and returns a function that replays it.

    The work is warmed up and captured on one side stream, as the documentation of `torch.cuda.CUDAGraph` says. It must
    read and write the same memory every time, never wait for the device, and do nothing on the host that would have to
    be repeated. Work that cannot be captured is returned as it is, with a warning.
    """
    with torch.cuda.device(device):
        graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            work()
        torch.cuda.current_stream().wait_stream(side)
        try:
            with torch.cuda.graph(graph, stream=side):
                work()
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            message = f"expected work that a CUDA graph can hold, found {reason!r}: it is launched piece by piece"
            warnings.warn(message, stacklevel=2)
            return work
    return graph.replay
