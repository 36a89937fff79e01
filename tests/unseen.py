"""A device without values: code that runs on it can neither wait for results nor fetch anything from the host.

Tensors of the device "meta" have shapes only: an operation that needs a value (`item`, `nonzero`, a boolean index, a
copy to the host) fails on them. The mode fails if tensors are made from the host's data or indexed by its lists. So
code that runs under it is known not to synchronise with a device of any kind, except in the libraries that torch calls.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

UNSEEN = torch.device("meta")
FROM_HOST = (torch.tensor, torch.as_tensor, torch.from_numpy, torch.asarray)
INDEXING = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)


class OnDeviceOnly(TorchFunctionMode):
    """Fails at the first copy from the host; other copies and reads fail on tensors without values."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401 - any operation
        del types
        index = args[1] if function in INDEXING else ()
        places = index if isinstance(index, tuple) else (index,)
        if function in FROM_HOST or any(isinstance(place, list | np.ndarray) for place in places):
            raise AssertionError(f"expected tensors of the device alone, found data of the host in {function}")
        result = function(*args, **(kwargs or {}))
        assert not isinstance(result, torch.Tensor) or result.device == UNSEEN, f"found {result.device} in {function}"
        return result
