"""The landscapes of a study: one for each value of a key, in each of some independent replicates.

A replicate has samples of its own and is searched with a seed of its own.
"""

from landscape.config.run_file import RunConfig
from landscape.errors import ConfigError
from landscape.problems.data.datasets import load


def members_of(config: RunConfig, over: str | None, replicates: int | None) -> dict[str, RunConfig]:
    """The configurations of a study by name: over the values of a key, in so many replicates, or both.

    Raises `ConfigError`, and `DataError` where replicates are asked for of data that cannot be read.
    """
    if replicates is None:
        return config.family(over) if over is not None else {}
    digits = len(str(replicates - 1))
    members: dict[str, RunConfig] = {}
    for number, replicate in enumerate(_replicates(config, replicates)):
        name = f"replicate-{number:0{digits}}"
        values = {"": replicate} if over is None else replicate.family(over)
        members |= {"-".join(filter(None, (name, value))): member for value, member in values.items()}
    return members


def _replicates(config: RunConfig, count: int) -> list[RunConfig]:
    """The replicates of a configuration: parts of one drawing while the data have so many, else drawings apart."""
    problem, seed = config.problem, config.run.seed
    if not problem.subset:
        raise ConfigError(
            "--replicates: expected problem.subset above 0, the samples of a replicate, found 0: set it to a part of "
            "the samples that there are"
        )
    whole = load(problem.dataset, classes=problem.classes, downscale=problem.downscale, grey=problem.grey)
    first = problem.subset_seed if problem.subset_seed >= 0 else seed
    parts = count * problem.subset <= len(whole.inputs)
    return [
        config.override(
            [
                f"run.seed={seed + number}",
                f"problem.subset_seed={first if parts else first + number}",
                f"problem.subset_part={number if parts else 0}",
            ]
        )
        for number in range(count)
    ]
