"""Saturation of the coordinator: ``python -m tests.benchmarks.coordinator [--measure]``.

Simulates rounds of basin-hopping (`simulation.py`) on 1 to 4096 ranks, with walkers in proportion to the ranks. The
inputs are in `coordinator.json`; `--measure` measures them again on this machine (`coordinator_costs.py`). Two inputs
are assumed: the speed of the network, and that a GPU needs a hundredth of the time of one CPU core for a task. The
times of tasks scatter as the measured ones do, but the scatter falls with the root of the number of quenches in a task.

In brackets after each figure is its value if ranks did not discard known minima.
"""

import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from landscape.campaign.pools.mpi import FAN_OUT, poll_seconds
from tests.benchmarks.coordinator_costs import Size, commit_seconds, coordination, task_seconds
from tests.benchmarks.machine import processor
from tests.benchmarks.simulation import Costs, Round, simulate

INPUTS = Path(__file__).with_suffix(".json")
RANKS = (1, 2, 4, 16, 64, 256, 512, 1024, 2048, 4096)
TASKS_PER_RANK = 4
LATENCY, BANDWIDTH = 1e-5, 1.25e9  # seconds, bytes a second: 10 Gbit/s Ethernet, assumed
GPU_SPEED = 100.0  # ratio to one core, assumed
DATABASE = 10_000
MINIMUM_BYTES = 8 * (83 + 2)  # bytes of a minimum in the update of the replicas
SMALL = Size(walkers=32, steps=10, found=50, database=DATABASE)
LARGE = Size(walkers=16384, steps=100, found=1000, database=DATABASE)
CASES = {
    "CPU ranks, tasks of 32 walkers and 10 steps (the defaults)": (SMALL, 1.0),
    "GPU ranks, tasks of 32 walkers and 10 steps": (SMALL, GPU_SPEED),
    "GPU ranks, tasks of 16384 walkers and 100 steps": (LARGE, GPU_SPEED),
}
BACK = ("discarded", "whole")


@click.command()
@click.option("--measure", is_flag=True, help="Measure the inputs again and record them.")
def main(measure: bool) -> None:
    """Simulate rounds on many ranks."""
    if measure:
        INPUTS.write_text(json.dumps(measured(), indent=1) + "\n")
    inputs = json.loads(INPUTS.read_text())
    click.echo(f"Inputs: {inputs['processor']}, {inputs['date']}; {TASKS_PER_RANK} tasks a rank in a round.")
    for title, (size, speed) in CASES.items():
        click.echo(f"\n{title}; in brackets: without discarding known minima\n")
        click.echo("| ranks | a round takes | speed-up | coordinator busy |\n|---|---|---|---|")
        rows = {ranks: [round_of(inputs, size, speed, ranks, back) for back in BACK] for ranks in RANKS}
        for ranks, (ours, other) in rows.items():
            click.echo(f"| {ranks} | {cell(ours, other)} |")


def cell(ours: Round, other: Round) -> str:
    """The figures of a round, followed by those of another."""
    return (
        f"{ours.seconds:.3g} s ({other.seconds:.3g} s) | {ours.speed_up:.4g} ({other.speed_up:.4g}) | "
        f"{ours.busy_fraction:.1%} ({other.busy_fraction:.1%})"
    )


def measured() -> dict[str, Any]:
    """The inputs, measured on one core of this machine."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    fixed, walker = commit_seconds(DATABASE)
    return {
        "processor": processor(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "task_seconds": task_seconds(SMALL.walkers, SMALL.steps, 8),
        "commit": {"fixed": fixed, "walker": walker},
        "costs": {str(size.walkers): coordination(size) for size in (SMALL, LARGE)},
    }


def round_of(inputs: Mapping[str, Any], size: Size, speed: float, ranks: int, back: str) -> Round:
    """A simulated round; results come `back` with known minima "discarded" or "whole"."""
    tasks = TASKS_PER_RANK * ranks
    return simulate(ranks, task_times(inputs["task_seconds"], size, speed, tasks), costs(inputs, size, tasks, back))


def task_times(measured: list[float], size: Size, speed: float, tasks: int) -> list[float]:
    """Times of `tasks` tasks of a size: measured times of the small size, drawn at random and scaled."""
    quenches = size.walkers * size.steps / (SMALL.walkers * SMALL.steps)
    mean = float(np.mean(measured))
    drawn = np.random.default_rng(0).choice(measured, tasks)
    times: list[float] = (quenches / speed * (mean + (drawn - mean) / math.sqrt(quenches))).tolist()
    return times


def costs(inputs: Mapping[str, Any], size: Size, tasks: int, back: str) -> Costs:
    """Costs of the coordinator in a round of `tasks` tasks; each finds one new minimum, which is broadcast."""
    found = inputs["costs"][str(size.walkers)]
    out, result = found["out"], found[back]
    return Costs(
        plan=out["plan"],
        hand_out=out["pack"] + carried(out["bytes"]),
        receive=result["unpack"] + carried(result["bytes"]),
        assimilate=result["assimilate"],
        commit=inputs["commit"]["fixed"],
        commit_task=size.walkers * inputs["commit"]["walker"],
        broadcast=FAN_OUT * carried(tasks * MINIMUM_BYTES) if back == "discarded" else 0.0,
        latency=LATENCY,
        poll=poll_seconds,
    )


def carried(size: float) -> float:
    """Seconds for a message of `size` bytes."""
    return LATENCY + size / BANDWIDTH


if __name__ == "__main__":
    main()
