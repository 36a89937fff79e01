"""Recording of work on a CUDA device as a graph, which is launched in one call."""

import warnings
from collections.abc import Callable

import torch

from landscape.errors import LandscapeWarning


def record(device: torch.device, work: Callable[[], None]) -> Callable[[], None]:
    """Calls `work` on this device once, captures it without executing it again, and returns a function that replays it.

    `work` is warmed up and captured on one side stream, as in the documentation of `torch.cuda.CUDAGraph`. It must read
    and write the same memory every time, never wait for the device, and do nothing on the host that would have to be
    repeated. If `work` cannot be captured, it is returned unchanged, with a warning.
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
            warnings.warn(message, LandscapeWarning, stacklevel=2)
            return work
    return graph.replay
