"""`landscape instability`: theorems and verdicts on landscapes of the data set `f_a`."""

import sys
from pathlib import Path

import click

from landscape.campaign.exits import FAILED
from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.files import write_text
from landscape.startup import without_collections

NETWORKS, LANDSCAPES, VERDICTS = "networks.csv", "landscapes.csv", "verdicts.txt"


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for networks.csv and landscapes.csv.")
def instability(files: tuple[Path, ...], output: Path | None) -> None:
    """Judge four claims on landscapes of points with a false cue (data set f_a).

    Accurate networks of fixed size are unstable; stable ones of variable size exist; training finds them; deeper
    minima are more robust. Every network is checked against two theorems; the exit status is 1 if one is broken.

    \b
    landscape run runs/instability.toml -o stripes.h5
    landscape instability stripes.h5
    """  # noqa: D301 - click wants the backspace character itself
    with without_collections():  # torch; mistakes are told without it
        from landscape.cli.jobs.instability import judged  # noqa: PLC0415

    found = judged(files)
    if launcher_rank():
        return
    for line in found.lines():
        click.echo(line)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        for name, text in ((NETWORKS, found.networks), (LANDSCAPES, found.landscapes)):
            write_text(output / name, text)
        write_text(output / VERDICTS, "\n".join(found.lines()) + "\n")
    sys.exit(FAILED if found.faults else 0)
