"""Speed of a GPU: ``python -m tests.benchmarks.gpu`` measures iris-10 on a device and on single cores.

    machine       device, driver, processor, versions, date
    ceilings      rates of a copy, a matrix product, multiply-adds and the least work of an energy call
                  (`device_rates.py`), beside the card's limits: from its data sheet, else these rates
    steps         time of a walker-step of L-BFGS, plain and recorded, by the number of walkers; cost of a recording
    waiting       synchronisations of eight steps, and of a look of the driver loop
    quenches      per second from starts N(0, 1), and those of `landscape` and pele on one core of the same machine
    saddles       transition states per minute of the whole pipeline, from pairs of minima to verified points with both
                  sides, and the same on one core; time of an eigensolution, of which each step makes one
    agreement     of energies and sets of minima with the CPU

A judge that shares no code with either side verifies a sample; only verified minima and transition states count.
``--device cpu`` with small numbers tests the script itself.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import click
import numpy as np
import torch
from torch import Tensor

from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.identity import distinct_minima
from landscape.campaign.preparation import prepared_context
from landscape.campaign.rounds.connecting import ConnectTask
from landscape.config.run_file import Settings
from landscape.optimize.driver import CHECK_EVERY, run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.state import LBFGSState
from landscape.optimize.newton import StationaryPoints
from landscape.optimize.quench import quench
from landscape.optimize.recording import RECORD_AFTER, Recorded
from landscape.problems.problem import Problem
from landscape.search.eigenvector_following import EigenvectorFollowing
from tests.benchmarks.device_rates import (
    DATA_SHEETS,
    Rates,
    least_bytes,
    least_operations,
    measured_rates,
    seconds_of,
    synchronisations,
    wait,
)
from tests.benchmarks.judge import Judge
from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.machine import accelerator, cores, driver, versions
from tests.benchmarks.rows import SADDLE_RMS
from tests.benchmarks.worker import Worker, peer_command

PARTS = ("machine", "ceilings", "steps", "waiting", "quenches", "saddles", "agreement")
LANDSCAPE = "iris-10"
SAMPLE = 512  # points that the judge verifies
DISPLACEMENT = 1e-3
ENOUGH = 5.0  # least seconds of a search of transition states, if there are enough pairs
T = TypeVar("T")


class Row(NamedTuple):
    """A row of the table."""

    what: str
    measured: str
    limit: str = ""


@dataclass(frozen=True)
class Measurement:
    """Amounts of work."""

    walkers: int
    pairs: int
    core_pairs: int
    core_starts: int
    matrix: int
    rounds: int
    peer: bool


class Bench:
    """The landscape on a device and on one core."""

    def __init__(self, device: str, l2: float, work: Measurement) -> None:
        table = LANDSCAPES[LANDSCAPE]
        self.core, self.there = (
            Problem(device=name, dataset=table.dataset, standardise=table.standardise, hidden=[table.hidden], l2=l2)
            for name in ("cpu", device)
        )
        self.device, self.l2, self.work, self.judge = self.there.device, l2, work, Judge(LANDSCAPE, l2)

    @cached_property
    def rates(self) -> Rates:
        """Measured rates of the device."""
        return measured_rates(self.device, self.work.matrix)

    @cached_property
    def limits(self) -> tuple[Rates, str]:
        """Limits of the device, and their source."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else ""
        return (DATA_SHEETS[name], "data sheet") if name in DATA_SHEETS else (self.rates, "measured")

    def starts(self, walkers: int) -> np.ndarray:
        """Starts from N(0, 1) [W, P]."""
        return LANDSCAPES[LANDSCAPE].starts(walkers, self.there.n_parameters)

    def machine(self) -> Iterator[Row]:
        """Rows on the machine and the date."""
        yield Row("GPU", accelerator(self.device))
        yield Row("driver", driver())
        yield Row("processor", cores())
        yield Row("versions", versions())
        yield Row("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        yield Row("landscape", f"{LANDSCAPE}, l2 = {self.l2:g}, {self.there.n_parameters} parameters")

    def ceilings(self) -> Iterator[Row]:
        """Rows on the rates of the device and the share that an energy call reaches."""
        yield Row("large copy, read and written", *self._share("bytes", self.rates.bytes))
        yield Row("float64 matrix product", *self._share("matrix", self.rates.matrix))
        yield Row("float64 multiply-adds without a matrix", *self._share("vector", self.rates.vector))
        problem, walkers, network = self.there, self.work.walkers, self.there.network
        theta = self._tensor(self.starts(walkers))
        taken, batched = (
            seconds_of(partial(energy.energy_and_gradient, theta), self.device, 10, self.work.rounds)
            for energy in (problem, problem._energy.batched)
        )
        memory = walkers * least_bytes(network) / taken  # type: ignore[arg-type] # iris-10 is dense
        arithmetic = walkers * least_operations(network, len(problem.inputs)) / taken  # type: ignore[arg-type]
        way = type(problem._energy.fastest).__name__
        yield Row(f"energy and gradient, {walkers} walkers, {way}", f"{1e6 * taken:.0f} us")
        yield Row("the same, BatchedEnergy", f"{1e6 * batched:.0f} us")
        yield Row("its least bytes", *self._share("bytes", memory))
        yield Row("its least operations", *self._share("matrix", arithmetic))
        yield Row("the same, without matrix units, which tanh and exp cannot use", *self._share("vector", arithmetic))
        nearer = max(memory / self.limits[0].bytes, arithmetic / self.limits[0].matrix)
        yield Row("share of the nearer limit", f"{nearer:.0%}", "goal 40 %")

    def steps(self) -> Iterator[Row]:
        """Rows on plain and recorded steps; no walker converges."""
        memory, parameters = LBFGS().memory, self.there.n_parameters
        history = 8 * (2 * 2 * memory * parameters + 4 * memory**2)  # S and Y twice, R^-1 three times, Y Y' once
        least = f"{1e9 * history / self.limits[0].bytes:.0f} ns to read its history"
        for walkers in sorted({64, 1024, self.work.walkers}):
            if walkers <= self.work.walkers:
                yield Row(f"L-BFGS, a walker-step, {walkers} walkers", self._step_times(walkers), least)

    def waiting(self) -> Iterator[Row]:
        """Rows on synchronisations, in steps alone and in the driver loop."""
        looks, few = 10, self._tensor(self.starts(64))
        endless = LBFGS(rms=0.0)
        state = endless.init(self.there, few)
        following = EigenvectorFollowing()
        pairs = following.init(self.there, torch.stack([few, few], 1))
        pieces: dict[str, Callable[[], object]] = {
            f"{CHECK_EVERY} steps of L-BFGS": lambda: _steps(endless, self.there, state),
            "a step of eigenvector-following": lambda: following.step(self.there, pairs),
            f"{looks} looks of the driver loop and the results": partial(
                run_all, LBFGS(rms=0.0, max_calls=looks * CHECK_EVERY), self.there, few, 64
            ),
        }
        for name, piece in pieces.items():
            count = synchronisations(self.device, piece)
            yield Row(f"synchronisations, {name}", "none to count" if count is None else str(count))

    def quenches(self) -> Iterator[Row]:
        """Rows on verified minima a second."""
        rates = []
        sizes = {"the device": (self.there, self.work.walkers), "one core": (self.core, self.work.core_starts)}
        for name, (problem, count) in sizes.items():
            with one_thread_per_task():
                rate, told = self._quenches(problem, count)
            rates.append(rate)
            yield Row(f"quenches per second, {count} walkers, {name}", told)
        yield Row("ratio", f"{rates[0] / rates[1]:.1f}")
        if self.work.peer:
            with Worker(peer_command("pele_peer")) as pele:
                answer = pele.ask("quench", landscape=LANDSCAPE, l2=self.l2, starts=self.work.core_starts)
                theirs = len(answer["theta"]) * self._minima(np.array(answer["theta"])) / answer["seconds"]
                yield Row(f"{pele.versions}, one core", f"{theirs:.0f}")
            yield Row("ratio", f"{rates[0] / theirs:.1f}", "goal 100")

    def saddles(self) -> Iterator[Row]:
        """Rows on transition states a minute, and on eigensolutions."""
        pairs, rates = self._pairs(), []
        sizes = {"the device": (self.there, self.work.pairs), "one core": (self.core, self.work.core_pairs)}
        for name, (problem, most) in sizes.items():
            count, points, taken = self._connected(problem, pairs, most)
            valid = len(self.judge.finished(points[:SAMPLE], 1, SADDLE_RMS)) / max(1, len(points[:SAMPLE]))
            rates.append(60.0 * valid * len(points) / taken)
            told = f"{rates[-1]:.0f}; {len(points)} from {count} pairs in {taken:.2f} s, {valid:.0%} valid"
            yield Row(f"transition states per minute, {name}", told)
        yield Row("ratio", f"{rates[0] / rates[1]:.1f}" if rates[1] else "none found on the core", "goal 50")
        for name, (problem, most) in sizes.items():
            yield self._solutions(problem, min(1024, 16 * most), name)

    def agreement(self) -> Iterator[Row]:
        """Rows on agreement with the CPU: minimum by minimum after displacements, as sets from random starts."""
        count = self.work.core_starts
        context = _context(self.core)
        known, found = (distinct_minima(context, points)[0].unknown for points in self._on_both(self.starts(count)))
        both = sum(bool(np.abs(known.energy - energy).min() <= 1e-9) for energy in found.energy)
        near = known.parameters + DISPLACEMENT * np.random.default_rng(1).normal(size=known.parameters.shape)
        core, there = self._on_both(near)
        energies = (core.energy - there.energy.cpu()).abs().max()
        places = self.core.symmetry.distance(core.theta.numpy(), there.theta.cpu().numpy())
        same = bool((core.is_minimum & there.is_minimum.cpu()).all()) and places.max() <= 1e-4
        yield Row(f"largest difference of energies, {len(near)} displaced minima", f"{energies:.1e}", "goal 1e-9")
        yield Row("the same minima", "yes" if same else f"no: places differ by up to {places.max():.1e}")
        told = f"{len(known.energy)}, {len(found.energy)}, {both}"
        yield Row(f"distinct minima from {count} random starts: one core, the device, both", told)

    def _on_both(self, starts: np.ndarray) -> list[StationaryPoints]:
        """Quenches from starts [W, P] on the core and on the device."""
        problems = self.core, self.there
        points = [torch.tensor(starts, device=problem.device) for problem in problems]
        pairs = zip(problems, points, strict=True)
        return [quench(problem, theta, method=LBFGS(), batch=len(theta)) for problem, theta in pairs]

    def _step_times(self, walkers: int) -> str:
        method, recorder = LBFGS(rms=0.0), self.there.recorder
        state = method.init(self.there, self._tensor(self.starts(walkers)))
        if recorder is None:
            plain = seconds_of(lambda: _steps(method, self.there, state), self.device)
            return f"{1e9 * plain / CHECK_EVERY / walkers:.0f} ns plain"
        recorded = Recorded(partial(_steps, method, self.there), recorder)
        begin = self._timed(lambda: [recorded(state) for _ in range(RECORD_AFTER)])[0] / RECORD_AFTER
        making = self._timed(lambda: recorded(state))[0]
        after = self._timed(lambda: [recorded(state) for _ in range(RECORD_AFTER)])[0] / RECORD_AFTER
        each = [1e9 * seconds / CHECK_EVERY / walkers for seconds in (begin, after)]
        return f"{each[0]:.0f} ns plain, {each[1]:.0f} ns recorded; to record: {making / begin:.0f} plain calls"

    def _share(self, kind: str, rate: float) -> tuple[str, str]:
        """A rate, and its share of the limit of its kind."""
        limit, unit = getattr(self.limits[0], kind), "TB/s" if kind == "bytes" else "TFLOP/s"
        return f"{rate / 1e12:.3g} {unit}", f"{rate / limit:.0%} of {limit / 1e12:.3g} {unit}, {self.limits[1]}"

    def _quenches(self, problem: Problem, count: int) -> tuple[float, str]:
        """Verified minima a second in the best round, and the words of the row."""
        theta = torch.tensor(self.starts(count), device=problem.device)
        method = LBFGS(precondition=problem.cheap_hessian)
        run_all(method, problem, theta[:64], 64)
        taken, state = min(
            (self._timed(lambda: run_all(method, problem, theta, count)) for _ in range(self.work.rounds)),
            key=lambda pair: pair[0],
        )
        rate = count * self._minima(state.theta[:SAMPLE].cpu().numpy()) / taken
        return rate, f"{rate:.0f}; {state.calls.double().mean():.0f} calls, {taken:.2f} s"

    def _solutions(self, problem: Problem, count: int, name: str) -> Row:
        """Row on the times of eigensolutions and linear solutions with the Hessians at `count` starts."""
        matrices = problem.hessian(torch.tensor(self.starts(count), device=problem.device))
        right = matrices.new_ones(count, problem.n_parameters)
        with one_thread_per_task():
            whole = seconds_of(partial(torch.linalg.eigh, matrices), problem.device, rounds=1)
            linear = seconds_of(partial(torch.linalg.solve_ex, matrices, right), problem.device)
        each = f"{1e6 * whole / count:.1f} us; {1e6 * linear / count:.1f} us"
        return Row(f"eigensolution; linear solution, P = {right.shape[1]}, {count} at a time, {name}", each)

    def _connected(self, problem: Problem, pairs: ConnectTask, most: int) -> tuple[int, np.ndarray, float]:
        """Pairs, transition states [T, P] and seconds of a search that takes ENOUGH or has all pairs, at most `most`.

        The number of pairs grows until then, so that the search ends in time even if torch solves for the eigenvectors
        of one matrix after the other on a GPU.
        """
        context, most = _context(problem), min(most, len(pairs.first))
        count = min(16, most)
        with one_thread_per_task():
            _first(pairs, 2).run(context)
            while True:
                taken, found = self._timed(partial(_first(pairs, count).run, context))
                if taken >= ENOUGH or count == most:
                    return count, found.transition_states.parameters, taken
                count = min(8 * count, most)

    def _pairs(self) -> ConnectTask:
        """The task that connects pairs of the lowest known minima."""
        count = min(2048, self.work.walkers)
        found = quench(self.there, self._tensor(self.starts(count)), method=LBFGS(), batch=count)
        minima = distinct_minima(_context(self.core), found)[0].unknown
        lowest = minima.parameters[np.argsort(minima.energy)]
        ends = np.array([*islice(((i, j) for j in range(len(lowest)) for i in range(j)), self.work.pairs)])
        first = lowest[ends[:, 0]]
        last = self.core.symmetry.align(lowest[ends[:, 1]], first)
        table = Settings().connect
        length = table.image_density * np.linalg.norm(last - first, axis=1)
        images = np.rint(np.clip(length, table.min_images, table.max_images)).astype(np.int64)
        return ConnectTask(first=first, last=last, images=images)

    def _minima(self, points: np.ndarray) -> float:
        """Share of points [F, P] that are minima."""
        good = [point for point in points if self.judge.rms(point) <= RMS and self.judge.index(point) == 0]
        return len(good) / len(points)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.tensor(array, device=self.device)

    def _timed(self, work: Callable[[], T]) -> tuple[float, T]:
        wait(self.device)
        begin = time.perf_counter()
        result = work()
        wait(self.device)
        return time.perf_counter() - begin, result


def _steps(method: LBFGS, problem: Problem, state: LBFGSState) -> LBFGSState:
    for _ in range(CHECK_EVERY):
        state = method.step(problem, state)
    return state


def _first(pairs: ConnectTask, count: int) -> ConnectTask:
    return ConnectTask(first=pairs.first[:count], last=pairs.last[:count], images=pairs.images[:count])


def _context(problem: Problem) -> Context:
    return prepared_context(problem, Settings(), None)


@click.command()
@click.argument("parts", type=click.Choice(PARTS), nargs=-1)
@click.option("--device", default="cuda", show_default=True, help="cuda, cuda:1 or cpu.")
@click.option("--l2", default=1e-4, show_default=True, help="Weight of the regularisation.")
@click.option("--walkers", default=16384, show_default=True, help="Walkers on the device.")
@click.option("--pairs", default=2048, show_default=True, help="Most pairs of minima that the device connects.")
@click.option("--core-pairs", default=64, show_default=True, help="Most of these that one core connects.")
@click.option("--core-starts", default=512, show_default=True, help="Quenches of one core, ours and the peer's.")
@click.option("--matrix", default=8192, show_default=True, help="Size of the matrices by which rates are measured.")
@click.option("--rounds", default=3, show_default=True, help="Rounds, of which the best counts.")
@click.option("--peer/--no-peer", default=True, show_default=True, help="Whether to measure pele too.")
def main(parts: Sequence[str], device: str, l2: float, **work: Any) -> None:
    """Measures the given parts (by default all) of iris-10 on a device and on single cores."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        click.echo(
            "expected a CUDA device and a CUDA build of torch, found none: --device cpu tries the script", err=True
        )
        sys.exit(2)
    bench = Bench(device, l2, Measurement(**work))
    click.echo("| what | measured | limit or goal |\n|---|---|---|")
    for part in parts or PARTS:
        for row in getattr(bench, part)():
            click.echo(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
