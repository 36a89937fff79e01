"""The `landscape` command in the process of a test."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from landscape.cli import main


class Said(NamedTuple):
    """The exit status and output of a command."""

    status: int
    out: str
    err: str

    def done(self) -> str:
        """The standard output of a command that succeeded."""
        assert self.status == 0, self.err
        return self.out


Run = Callable[..., Said]


def status_of(*arguments: object) -> int:
    """The exit status of `landscape ARGUMENTS`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["landscape", *map(str, arguments)])
        try:
            main()
        except SystemExit as ending:
            return int(ending.code or 0)
    return 0


def assert_refused(said: Said, words: str = "") -> None:
    """Assert that a command was refused: status 2, nothing on standard output, one line with the words on the other."""
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("landscape: ")
    assert said.err.count("\n") == 1
    assert words in said.err
