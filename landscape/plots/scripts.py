"""Errors of scripts in one line: errors that a user can cause, and files that cannot be written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from landscape.errors import LandscapeError, PropertyError


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Ends the script with status 2 and one line on an error that a user can cause."""
    try:
        yield
    except LandscapeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Raises PropertyError if the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise PropertyError(f"Expected to write {output}, found: {error.strerror}: choose another place.") from error


def write(output: Path, text: str) -> None:
    """Writes the text. Raises PropertyError if the file cannot be written."""
    with writing(output):
        output.write_text(text, encoding="utf-8")
