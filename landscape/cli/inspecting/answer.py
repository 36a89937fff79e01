"""`landscape answer`: answers of replicates to questions about depth, flatness, training and robustness."""

from contextlib import ExitStack
from pathlib import Path

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.files import write_text
from landscape.config.tables import ProblemConfig
from landscape.database.database import open_database
from landscape.errors import DatabaseError
from landscape.problems.problem import whole_size
from landscape.studies.answer.replicates import Landscape, answers
from landscape.studies.answer.text import appendix, appendix_csv, csv_text, notes, sentences, table
from landscape.studies.regimes.answer import regime_answers
from landscape.studies.regimes.findings_text import contrasts_csv, findings_text
from landscape.studies.replicates import Problem

ANSWER, APPENDIX, CONTRASTS = "answer.csv", "appendix.csv", "contrasts.csv"


@click.command()
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; by default the first STUDY.")
def answer(studies: tuple[Path, ...], output: Path | None) -> None:
    """Say whether deeper and flatter minima, and which ways of training, are more robust, from replicates.

    \b
    landscape study runs/replicates-digits.toml --replicates 12 -o digits
    landscape answer digits
    landscape train runs/regimes-digits.toml --replicates 10 -o regimes
    for file in regimes/*.h5; do landscape measure $file --training; done
    landscape answer regimes

    STUDY is a folder made by 'landscape study' or 'landscape train' with --replicates, or a database. Each replicate
    counts once: intervals are those of a mean over replicates. For landscapes the command writes answer.csv, with all
    correlations, and appendix.csv, with all other pairs of a measure and a robustness. For measured end points of
    training it writes contrasts.csv, which compares the regimes in every column.
    """  # noqa: D301 - click wants the backspace character itself
    paths = [path for study in studies for path in _databases(study)]
    with ExitStack() as stack:
        databases = [stack.enter_context(open_database(path)) for path in paths]
        trained = [db for db in databases if db.properties("training") or (len(db.training) and not len(db.minima))]
        found = answers([Landscape.of(db) for db in databases if db not in trained], _whole_size)
        regimes = regime_answers(trained, _whole_size)
    if launcher_rank():
        return
    folder = output or (studies[0] if studies[0].is_dir() else studies[0].parent)
    if found:
        _tell([*sentences(found), "", *table(found), "", *notes(found), "", *appendix(found)])
        write_text(folder / ANSWER, csv_text(found))
        write_text(folder / APPENDIX, appendix_csv(found))
    for one in regimes:
        _tell(list(findings_text(one)))
    if regimes:
        write_text(folder / CONTRASTS, contrasts_csv(regimes))


def _whole_size(table: Problem) -> float:
    return whole_size(ProblemConfig.from_table(dict(table)))


def _tell(lines: list[str]) -> None:
    for line in [*lines, ""]:
        click.echo(line)


def _databases(study: Path) -> list[Path]:
    """The databases of a folder in order of their names, or the named file itself."""
    if not study.is_dir():
        return [study]
    found = sorted(study.glob("*.h5"))
    if not found:
        raise DatabaseError(
            f"{study}: expected a folder with the databases of a study, found none: run 'landscape study'"
        )
    return found
