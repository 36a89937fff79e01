"""`landscape merge`: one database of several searches."""

from contextlib import ExitStack
from pathlib import Path

import click

from landscape.campaign.context import one_thread_per_task
from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.shared import show_overview
from landscape.database.database import open_database
from landscape.database.hdf5 import require_place
from landscape.exchange.completion import finished
from landscape.exchange.merges.merging import merged


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Database to write.")
def merge(files: tuple[Path, ...], output: Path) -> None:
    """Join searches of one problem with different seeds; the order of the files changes nothing.

    Equal points, by symmetry too, become one and their hits are added. Values that any file has measured with the same
    settings are kept.

    \b
    landscape merge iris.h5 iris-1.h5 -o both.h5
    """  # noqa: D301 - click wants the backspace character itself
    if len(files) < 2:
        raise click.UsageError("expected at least two databases, found one: name another")
    if launcher_rank():
        return
    require_place(output)
    with ExitStack() as stack, one_thread_per_task():
        context, store, lines = merged([stack.enter_context(open_database(file)) for file in files])
        for line in lines:
            click.echo(f"landscape: {line}", err=True)
        finished(context, store, output)
    show_overview(output)
