"""`landscape answer`: what the replicates of studies say about depth, flatness and robustness."""

from contextlib import ExitStack
from pathlib import Path

import click

from landscape.campaign.pools.mpi import launcher_rank
from landscape.config.tables import ProblemConfig
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.problems.problem import whole_size
from landscape.studies.answer.replicates import Landscape, answers
from landscape.studies.answer.text import appendix, appendix_csv, csv_text, notes, sentences, table

ANSWER, APPENDIX = "answer.csv", "appendix.csv"


@click.command()
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
def answer(studies: tuple[Path, ...]) -> None:
    """Say whether deeper and flatter minima are more robust, from the replicates of studies.

    \b
    landscape study runs/study-digits.toml --replicates 8 -o digits
    landscape answer digits

    STUDY is a folder that 'landscape study --replicates' has made, or a database. Each replicate counts once: the
    intervals are those of a mean over replicates. Writes answer.csv, with the correlations of all landscapes, and
    appendix.csv, with all other pairs of a measure and a robustness, into the first STUDY.
    """  # noqa: D301 - click wants the backspace character itself
    paths = [path for study in studies for path in _databases(study)]
    with ExitStack() as stack:
        landscapes = [Landscape.of(stack.enter_context(open_database(path))) for path in paths]
        found = answers(landscapes, lambda table: whole_size(ProblemConfig.from_table(table)))
    if launcher_rank():
        return
    folder = studies[0] if studies[0].is_dir() else studies[0].parent
    for line in [*sentences(found), "", *table(found), "", *notes(found), "", *appendix(found)]:
        click.echo(line)
    _write(folder / ANSWER, csv_text(found))
    _write(folder / APPENDIX, appendix_csv(found))
    click.echo(f"\nwritten to {folder / ANSWER} and {folder / APPENDIX}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DatabaseError(f"{path}: expected a file that can be written, found {error.strerror}") from error


def _databases(study: Path) -> list[Path]:
    """The databases of a folder in order of their names, or the one that is named itself."""
    if not study.is_dir():
        return [study]
    found = sorted(study.glob("*.h5"))
    if not found:
        raise DatabaseError(
            f"{study}: expected a folder with the databases of a study, found none: run 'landscape study'"
        )
    return found
