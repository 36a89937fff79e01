"""Pickles of arrays are read whatever numpy wrote them; nothing else is, and nothing is run."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landscape.errors import ExchangeError
from landscape.exchange.array_pickles import dumped, loaded

VALUES = np.random.default_rng(0).normal(size=7)


class Runs:
    """A pickle of this object makes a file when an ordinary reader reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("values", [VALUES, VALUES.astype(">f8"), np.repeat(VALUES, 2)[::2]])
def test_arrays_are_read_from_all_protocols(protocol: int, values: np.ndarray) -> None:
    np.testing.assert_array_equal(loaded(pickle.dumps(values, protocol=protocol), 7, "x"), VALUES)


def test_arrays_of_python_2_are_read() -> None:
    """The bytes that pele wrote under Python 2, protocol 2."""
    content = VALUES.astype("<f8").tobytes()
    blob = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x07\x85cnumpy\ndtype\nq\x04U\x02f8K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89U" + bytes([len(content)]) + content + b"tb."
    )
    np.testing.assert_array_equal(loaded(blob, 7, "x"), VALUES)


def test_written_pickles_are_read_by_numpy_and_by_us() -> None:
    np.testing.assert_array_equal(pickle.loads(dumped(VALUES)), VALUES)
    np.testing.assert_array_equal(loaded(dumped(VALUES), 7, "x"), VALUES)


def test_code_in_a_pickle_is_named_and_not_run(tmp_path: Path) -> None:
    for protocol in range(6):
        with pytest.raises(ExchangeError, match=r"(?s)^x: expected a pickle of 7 numbers, .*nothing of it was run"):
            loaded(pickle.dumps(Runs(tmp_path / "ran"), protocol=protocol), 7, "x")
    assert not (tmp_path / "ran").exists()
    pickle.loads(pickle.dumps(Runs(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()  # so the test could fail


HUGE_MEMO = b"\x80\x02K\x01r\xff\xff\xff\x7f."
HUGE_BYTES = b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"x."


@pytest.mark.parametrize(
    "blob",
    [
        pickle.dumps(VALUES[None]),
        pickle.dumps(VALUES[:6]),
        pickle.dumps(VALUES.astype("f4")),
        pickle.dumps(VALUES.astype(complex)),
        pickle.dumps(VALUES.astype(object)),
        pickle.dumps(list(VALUES)),
        pickle.dumps(np.dtype("f8")),
        pickle.dumps(7.0),
        pickle.dumps(VALUES)[:-20],
        pickle.dumps(np.zeros(10**5)),
        b"",
        b"\x80\x04.",
        HUGE_MEMO,
        HUGE_BYTES,
        "text",
        None,
        7,
    ],
)
def test_anything_else_is_refused_in_one_line(blob: object) -> None:
    with pytest.raises(ExchangeError, match=r"^x: expected a pickle of 7 numbers, found ") as refused:
        loaded(blob, 7, "x")
    assert "\n" not in str(refused.value)
