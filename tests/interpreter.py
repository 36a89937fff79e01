"""Triton's interpreter, which runs kernels on the CPU if there is no GPU. Import this module before any kernel."""

import importlib.util
import os
from typing import Any

import pytest
import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
has_triton = importlib.util.find_spec("triton") is not None
needs_triton = pytest.mark.skipif(not has_triton, reason="needs Triton, which comes with CUDA builds of torch")


def _count_by_arrays_of_one() -> None:
    """Let it loop up to a number held as an array of one; numpy 2.4 makes no integer of it for Triton 3.6."""
    from triton.runtime import interpreter  # noqa: PLC0415 - Triton need not be installed

    patch = interpreter._patch_lang_tensor

    def patched(tensor: Any, *scope: object) -> None:  # noqa: ANN401 - a class of Triton's
        patch(tensor, *scope)
        tensor.__index__ = lambda self: self.handle.data.item()

    interpreter._patch_lang_tensor = patched


if DEVICE == "cpu" and has_triton:
    os.environ["TRITON_INTERPRET"] = "1"
    _count_by_arrays_of_one()
