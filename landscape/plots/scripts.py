"""Errors of scripts in one line: errors that a user can cause, and files that cannot be written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from landscape.errors import LandscapeError, PropertyError


class Script(click.Command):
    """Command of a script: every error that a user can cause is one line, and the exit status is 2."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _one_line(f"see 'python {sys.argv[0]} --help'"):
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        with _one_line(""):
            return super().invoke(ctx)


class _OneLine(click.ClickException):
    """An error as one line that begins with "landscape:", like the errors of the commands."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"landscape: {self.format_message()}", file, err=file is None)


@contextmanager
def _one_line(advice: str) -> Iterator[None]:
    """Turns an error that a user can cause into one line, which ends with the advice."""
    try:
        yield
    except LandscapeError as error:
        raise _OneLine(str(error)) from error
    except click.ClickException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        raise _OneLine(f"{message}; {advice}" if advice else message) from error


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Context in which a failure to write the file becomes a PropertyError."""
    try:
        yield
    except OSError as error:
        raise PropertyError(f"Expected to write {output}, found: {error.strerror}: choose another place.") from error


def write(output: Path, text: str) -> None:
    """Writes the text. Raises PropertyError if the file cannot be written."""
    with writing(output):
        output.write_text(text, encoding="utf-8")
