"""The `landscape` command: arguments in, exit status out. Everything else happens in `explore/`.

Under an MPI launcher every rank runs this same file; rank 0 alone reads and writes the database and prints.

Exit status: 0 done, 1 the check asked for failed, 2 bad usage or input, 75 stopped early with everything committed.
"""

from landscape.cli.command import cli, main

__all__ = ["cli", "main"]
