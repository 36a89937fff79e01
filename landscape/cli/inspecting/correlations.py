"""`landscape correlations`: rank correlations over the minima of databases."""

from contextlib import ExitStack
from pathlib import Path

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.files import write_text
from landscape.database.database import open_database


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write every pair to this CSV file, all digits.")
def correlations(files: tuple[Path, ...], output: Path | None) -> None:
    """Correlate depth and flatness with robustness over the distinct minima of each FILE.

    Minima of several files are pooled, but each is compared only with minima of its own landscape. The correlations
    describe these landscapes; 'landscape answer' infers from replicates.
    """
    from landscape.studies.findings import csv_text, findings_of  # noqa: PLC0415 - torch; a mistake is told without it
    from landscape.studies.findings_text import summary  # noqa: PLC0415

    with ExitStack() as stack:
        findings = findings_of([stack.enter_context(open_database(file)) for file in files])
    if launcher_rank():
        return
    for line in summary(findings):
        click.echo(line)
    if output:
        write_text(output, csv_text({findings.name: findings}))
