"""Files that commands write."""

from pathlib import Path

import click

from landscape.errors import PropertyError


def write_text(path: Path, text: str) -> None:
    """Write a text to a file, and print its name. Raises PropertyError if the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PropertyError(
            f"{path}: expected a file to write, found {error.strerror}: choose another place"
        ) from error
    click.echo(f"written to {path}")
