"""The group of all commands, and the entry point."""

import gc
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout

import click

from landscape.campaign.exits import BAD_INPUT, FAILED, STOPPED, Guarded, forgiving, is_users, one_line, report_error
from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.lazy import LazyGroup, Listed
from landscape.cli.streams import drop_unwritten, open_streams, refuse
from landscape.errors import LandscapeWarning
from landscape.version import __version__

_FORMAT_WARNING = warnings.formatwarning


class Commands(LazyGroup):
    """The commands of `landscape`: the function and a line of help of each; a module is imported when it is called."""

    listed = {  # noqa: RUF012
        "run": Listed("exploring.run:run", "Explore the landscape of a run file."),
        "sample": Listed("exploring.sample:sample", "Sample a landscape with too many minima to list."),
        "train": Listed("exploring.train:train", "Train networks in regimes and keep end points."),
        "study": Listed("exploring.study:study", "Explore a family of landscapes."),
        "continue": Listed(
            "exploring.continue_:continue_command", "Follow stationary points while a key of the problem changes."
        ),
        "measure": Listed("exploring.measure:measure", "Measure properties of stored points."),
        "locate": Listed("exploring.locate:locate", "Find the minima below end points of training."),
        "info": Listed("inspecting.info:info", "Show an overview of a database."),
        "properties": Listed("inspecting.properties:properties", "List what was measured."),
        "verify": Listed("inspecting.verify:verify_command", "Recompute every stored point."),
        "embed": Listed("inspecting.embed:embed_command", "Verify every point in a network with a unit more."),
        "morse": Listed("inspecting.morse:morse_command", "Add up all stationary points: is any missing?"),
        "complete": Listed("inspecting.complete:complete", "Compare two searches: is the landscape complete?"),
        "correlations": Listed("inspecting.correlations:correlations", "Correlate depth and flatness with robustness."),
        "thermodynamics": Listed(
            "inspecting.thermodynamics:thermodynamics_command", "Show heat capacity and robustness over temperature."
        ),
        "rates": Listed("inspecting.rates:rates", "Show rates and paths between minima."),
        "export": Listed("exchanging.export:export", "Write a database for other programs."),
        "import": Listed("exchanging.import_:import_command", "Verify points of another program, into a database."),
        "merge": Listed("exchanging.merge:merge", "Join databases of one problem."),
        "tree": Listed("drawing.tree:tree", "Draw the disconnectivity graph."),
        "answer": Listed("inspecting.answer:answer", "Say what replicates show about robustness."),
        "instability": Listed("inspecting.instability:instability", "Judge landscapes of points with a false cue."),
        "report": Listed("drawing.report:report", "Write a page on a database, for a browser."),
    }


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="landscape")
@click.pass_context
def cli(context: click.Context) -> None:
    """Map the loss landscapes of small neural networks.

    \b
    landscape run iris                               a run file of the package, or one of your own as below
    landscape run runs/iris.toml -o iris.h5          one process, on one core
    mpiexec -n 64 landscape run runs/iris.toml -o iris.h5 --resume
    landscape sample runs/digits-dense.toml -o sample.h5     too many minima to list
    landscape train runs/regimes-digits.toml -o regimes.h5
    landscape continue runs/xor.toml --over problem.l2=1e-2:1e-3 -o xor-tracks.h5 --both-ends
    landscape info iris.h5
    landscape properties iris.h5
    landscape correlations iris.h5
    landscape thermodynamics iris.h5 -o iris-curves.csv
    landscape rates iris.h5 --from 0 --to 3,7 -T 1e-6
    landscape tree iris.h5 -o iris-tree.svg
    landscape verify iris.h5
    landscape embed iris.h5
    landscape morse xor.h5
    landscape report iris.h5 -o iris.html
    landscape instability stripes.h5
    landscape complete iris.h5 iris-1.h5 --lowest 40
    landscape measure iris.h5 --epsilon 0.05,0.1
    landscape locate regimes.h5
    landscape export iris.h5 -o iris-pathsample --format pathsample
    landscape import iris-pathsample --format pathsample --problem runs/iris.toml -o again.h5
    landscape merge iris.h5 iris-1.h5 -o both.h5
    landscape study runs/iris.toml --over problem.l2=1e-4,1e-3
    landscape study runs/study-digits.toml --replicates 8 -o digits && landscape answer digits
    """  # noqa: D301 - click wants the backspace character itself
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Entry point: an error that a user can cause becomes one line and exit status 2."""
    gc.freeze()  # imported objects stay; otherwise the collector would scan them again at exit
    warnings.formatwarning = _text_of_warning
    open_streams()
    with redirect_stdout(Guarded(sys.stdout, refuse)), redirect_stderr(forgiving(sys.stderr)):
        try:
            _run()
        finally:
            drop_unwritten()


def _run() -> None:
    try:
        cli(standalone_mode=False, prog_name="landscape")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(STOPPED)
    except Exception as error:
        if not isinstance(error, click.ClickException) and not is_users(error):
            raise
        if not launcher_rank():
            report_error(_usage(error) if isinstance(error, click.ClickException) else one_line(error))
        sys.exit(BAD_INPUT)


def _text_of_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning of the package as one line, any other as Python writes it."""
    if issubclass(category, LandscapeWarning):
        return f"landscape: {message}\n"
    return _FORMAT_WARNING(message, category, filename, lineno, line)


def _usage(error: click.ClickException) -> str:
    """A mistake in the arguments as one line."""
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "landscape"
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see '{command} --help'"
