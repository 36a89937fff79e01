"""`landscape report`: a page on a database, for a browser."""

import sys
from pathlib import Path
from types import ModuleType

import click

from landscape.campaign.exits import FAILED
from landscape.campaign.pools.launch import launcher_rank
from landscape.campaign.preparation import stored_context
from landscape.campaign.session import verify
from landscape.cli.files import write_text
from landscape.cli.options import FILE
from landscape.database.database import Database, open_database
from landscape.errors import PropertyError
from landscape.problems.problem import Problem


@click.command()
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Page to write: page.html.")
@click.option("--lowest", type=click.IntRange(min=1), help="Show so many minima of lowest energy; 400 by default.")
@click.option("--verify", "verified", is_flag=True, help="Recompute every point first, for the seal of the page.")
def report(file: Path, output: Path, lowest: int | None, verified: bool) -> None:
    """Write a page on the database FILE: tree, map, table, curves and correlations, all linked.

    The page is one file that opens in a browser without a network. If samples are images, it shows some of them under
    attack. With --verify the exit status is 1 on any fault.
    """
    if launcher_rank():
        return
    page = page_module()
    with open_database(file) as db:
        problem = _problem(db, file)
        faults = tuple(verify(db, problem)) if verified else ()
        points = len(db.minima) + len(db.transition_states)
        seal = page.Seal(points=points, faults=faults) if verified else None
        write_text(output, page.page_text(db, problem, lowest=lowest or page.MOST, seal=seal))
    if faults:
        sys.exit(FAILED)


def page_module() -> ModuleType:
    """The module that makes the page. Raises PropertyError if bokeh is missing, which only this command needs."""
    try:
        from landscape.report import page  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("bokeh", "jinja2"):
            raise
        raise PropertyError(
            "report: expected the package bokeh, found none: pip install 'landscape-explorer[report]'"
        ) from error
    return page


def _problem(db: Database, file: Path) -> Problem | None:
    """The network of a database; None for an energy of the user's own."""
    record = db.problem_record
    return stored_context(record, "cpu", source=str(file)).problem if record.toml else None
