"""Arguments and options that several commands share."""

import re
from pathlib import Path

import click

from landscape.messages import did_you_mean

RUN_FILES = Path(__file__).parents[1] / "runs"


def seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Seconds of a duration such as 90s, 45m, 3h or 1h30m."""
    if text is None:
        return None
    match = re.fullmatch(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    if match is None:
        raise click.BadParameter(f"expected a duration such as 90s, 45m, 3h or 1h30m, found {text!r}")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return 3600.0 * hours + 60.0 * minutes + rest


def numbers(_: click.Context, __: click.Parameter, text: str | None) -> list[float] | None:
    """Numbers separated by commas; an empty text gives none."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",") if text]
    except ValueError:
        raise click.BadParameter(f"expected numbers such as 0.1,0.3, found {text!r}") from None


def whole_numbers(_: click.Context, __: click.Parameter, text: str | None) -> list[int] | None:
    """Whole numbers separated by commas."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"expected whole numbers such as 0,3, found {text!r}") from None


def found_run_file(_: click.Context, __: click.Parameter, path: Path) -> Path:
    """The run file: that of the package if the path is its bare name and no file has this name."""
    if path.is_file() or path.name != str(path) or path.suffix:
        return path
    own = RUN_FILES / f"{path}.toml"
    if not own.is_file():
        near = did_you_mean(str(path), [one.stem for one in RUN_FILES.glob("*.toml")])
        raise click.BadParameter(f"expected a run file, or the name of one of the package, found {str(path)!r}; {near}")
    return own


def typed_run_file(path: Path) -> str:
    """The run file as it was typed."""
    return path.stem if path.parent == RUN_FILES else str(path)


TIME_LIMIT = click.option(
    "--time-limit",
    callback=seconds,
    help="Stop in time with everything committed: 90s, 45m, 3h, 1h30m; a number alone is seconds.",
)
RUN_FILE = click.argument("run_file", type=click.Path(path_type=Path), callback=found_run_file)
SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="TABLE.KEY=VALUE",
    help="Override a key of the run file; a bare word is a string.",
)
RESUME = click.option("--resume", is_flag=True, help="Continue the database if it exists.")
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Database to write; by default RUN_FILE's name with the ending .h5.",
)
FILE = click.argument("file", type=click.Path(path_type=Path))
