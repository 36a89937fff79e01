"""The `landscape` command: from arguments to an exit status; `campaign/` and `studies/` do the work.

Under an MPI launcher every rank runs the same command; rank 0 alone reads and writes the database and prints.

Exit status: 0 done, 1 a requested check failed, 2 bad usage or input, 75 stopped early with everything committed.
"""

from landscape.cli.command import cli, main

__all__ = ["cli", "main"]
