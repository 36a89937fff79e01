"""The work of `landscape run`."""

from pathlib import Path
from typing import NoReturn

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.job import run_job
from landscape.campaign.pools.pool import Pool
from landscape.campaign.preparation import context_of, resolve_device
from landscape.cli.shared import run_exploration, show_overview
from landscape.config.run_file import RunConfig
from landscape.studies.completeness.goal import Goal


def explore(config: RunConfig, source: str, path: Path, *, resume: bool, time_limit: float | None) -> NoReturn:
    """Explore the landscape of a run file, called `source` in messages; ends the process with its exit status."""

    def prepare(local: int) -> Context:
        return context_of(config, resolve_device(config.run.device, local), path if resume else None, source)

    def coordinate(context: Context, pool: Pool, interrupt: Interrupt) -> int:
        status = run_exploration(context, path, pool, interrupt, resume=resume, remedy="continue with --resume")
        return status or show_overview(path, Goal.of(context.settings))

    run_job(prepare, coordinate, time_limit)
