"""Correlate depth and curvature with robustness over the minima of a database: a summary, a table, pictures.

The table (-o) has Spearman's rho, Kendall's tau-b, and rho at fixed squared norm for every pair of a measure and a
robustness. The table is not oriented: a correlation is negative if the robustness falls while the measure rises. The
summary is oriented: a small depth is deep, a large loss is not robust. Minima of several files are pooled and compared
within their own landscape only.

--figure draws every minimum in a scatter plot for each of the six strongest pairs, each at one epsilon; a measure and a
robustness appear at most twice. --matrix draws the table as a square for each pair; the
colour is the correlation, oriented so that blue is in favour of robustness.
"""

from contextlib import ExitStack
from pathlib import Path

import click
import matplotlib.style

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.plots.correlation_figures import draw_matrix, draw_strongest
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script, write
from landscape.studies.findings import csv_text, findings_of
from landscape.studies.findings_text import summary


@click.command(cls=Script)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Table as CSV, all digits.")
@click.option("--figure", type=click.Path(path_type=Path), help="Strongest pairs: .svg, .pdf or .png.")
@click.option("--matrix", type=click.Path(path_type=Path), help="Correlation matrix: .svg, .pdf or .png.")
def main(files: tuple[Path, ...], output: Path | None, figure: Path | None, matrix: Path | None) -> None:
    """Correlate depth and curvature with robustness over the distinct minima of database FILEs."""
    require_figure_file(figure)
    require_figure_file(matrix)
    with ExitStack() as stack:
        findings = findings_of([stack.enter_context(Database(open_store(file))) for file in files])
    for line in summary(findings):
        click.echo(line)
    if output:
        write(output, csv_text({findings.name: findings}))
        click.echo(f"{output}: rows {len(findings.table)}")
    with matplotlib.style.context(STYLE):
        if figure:
            save(draw_strongest(findings), figure)
        if matrix:
            save(draw_matrix(findings), matrix)


if __name__ == "__main__":
    main()
