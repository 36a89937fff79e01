"""Runs the `landscape` command several times in one process, or in one MPI job, since starting Python takes most time.

Each argument is one command line as JSON; standard output gets the output of the commands and a line of their exit
statuses.
"""

import json
import sys

from landscape.cli import main


def status_of(arguments: list[str]) -> int:
    """The exit status of `landscape ARGUMENTS`."""
    sys.argv = ["landscape", *arguments]
    try:
        main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


if __name__ == "__main__":
    print("exit statuses", [status_of(json.loads(line)) for line in sys.argv[1:]])  # noqa: T201 - read by the test
