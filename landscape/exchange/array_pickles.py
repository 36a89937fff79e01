"""Pickles of float64 arrays, as pele's databases hold them: written for old and new numpy, read without running them.

A pickle is a program, and an ordinary reader runs it. Here the three or four names by which numpy rebuilds an array
lead to harmless stand-ins that only keep the shape, the type and the bytes; any other name is refused. Before that,
every instruction is compared with the few that arrays need, so that no instruction can ask for much memory.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np

from landscape.errors import ExchangeError

OLD, NEW = b"numpy.core.multiarray", b"numpy._core.multiarray"
MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric", "numpy")
HEAD = 4096  # bytes that a pickle takes beside the numbers, at most
MOST_MEMO = 256
ALLOWED = frozenset(
    {
        *("PROTO", "FRAME", "STOP", "MARK", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "MEMOIZE"),
        *("PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE"),
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("BINSTRING", "SHORT_BINSTRING", "STRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)


def dumped(values: np.ndarray) -> bytes:
    """A pickle of an array that numpy from 1.20 on can load: newer names of modules are unknown to older numpy."""
    return pickle.dumps(np.ascontiguousarray(values, dtype=np.float64), protocol=3).replace(NEW, OLD, 1)


def loaded(blob: object, length: int, source: str) -> np.ndarray:
    """The float64 array [length] in a pickle. Raises `ExchangeError` for anything else; nothing in it is run."""
    if not isinstance(blob, bytes) or len(blob) > 8 * length + HEAD:
        raise ExchangeError(f"{source}: expected a pickle of {length} numbers, found something else: restore the file")
    try:
        _require_harmless(blob)
        found = _ArrayUnpickler(io.BytesIO(blob), encoding="latin1").load()
        values = found.values(length)
    except Exception as error:  # an unpickler raises errors of any type
        told = str(error) if isinstance(error, pickle.UnpicklingError) else "that it is damaged"
        raise ExchangeError(
            f"{source}: expected a pickle of {length} numbers, found {told}: nothing of it was run; restore the file"
        ) from error
    return np.asarray(values)


def _require_harmless(blob: bytes) -> None:
    """Raise UnpicklingError for instructions that no array needs."""
    for opcode, argument, _ in pickletools.genops(blob):
        put = opcode.name in ("PUT", "BINPUT", "LONG_BINPUT")
        if opcode.name not in ALLOWED or (put and not 0 <= int(argument or 0) <= MOST_MEMO):
            raise pickle.UnpicklingError(f"the instruction {opcode.name}")


class _Array:
    """The shape, type and bytes of an array."""

    def __init__(self, *call: Any) -> None:
        if len(call) == 4:  # _frombuffer(buffer, type, shape, order)
            self.data, self.kind, self.shape, _ = call

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401
        _, self.shape, self.kind, _, self.data = state

    def values(self, length: int) -> np.ndarray:
        """The numbers [length]."""
        content = self.data.encode("latin1") if isinstance(self.data, str) else bytes(self.data)
        if self.shape != (length,) or len(content) != 8 * length or not isinstance(self.kind, _Kind):
            raise pickle.UnpicklingError("an array of another shape or type")
        return np.frombuffer(content, self.kind.order + "f8").astype(np.float64)


class _Kind:
    """The type of the numbers, float64, and the order of its bytes."""

    def __init__(self, name: str, *flags: object) -> None:
        del flags
        if name not in ("f8", "<f8", ">f8"):
            raise pickle.UnpicklingError("an array of another type")
        self.order = ">" if name[0] == ">" else "<"

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401
        self.order = ">" if state[1] == ">" else "<"


class _Subtype:
    """The plain array type, an argument of `_reconstruct`."""


STANDINS = {"_reconstruct": _Array, "_frombuffer": _Array, "dtype": _Kind, "ndarray": _Subtype}


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows the names of numpy arrays only."""

    def find_class(self, module: str, name: str) -> type:
        if module not in MODULES or name not in STANDINS:
            raise pickle.UnpicklingError(f"the name {module}.{name}"[:80])
        return STANDINS[name]
