"""What a GPU makes of it: ``python -m tests.benchmarks.gpu`` measures iris-10 on a device beside single cores.

    ceilings      large copy, float64 matrix product; the share of the smaller one that an energy call reaches, where
                  the ceiling of a call is its least work (`device_rates.py`) at these rates
    steps         time of a walker-step of L-BFGS, plain and recorded, by the number of walkers; what a recording costs
    waiting       synchronisations of eight steps, and of a look of the driver loop
    quenches      per second from starts N(0, 1), beside pele on one core of the same machine
    saddles       transition states per minute of the whole pipeline, from pairs of minima to verified points with both
                  sides, beside ourselves on one core; time of an eigensolution, of which it makes one a step
    agreement     of energies and sets of minima with the CPU

A judge that shares no code with either side verifies a sample; what counts are verified minima and transition states.
``--device cpu`` with small numbers tries the script itself.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any, TypeVar

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
    Rates,
    least_bytes,
    least_operations,
    measured_rates,
    seconds_of,
    synchronisations,
    vector_rate,
    wait,
)
from tests.benchmarks.judge import Judge
from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.rows import SADDLE_RMS
from tests.benchmarks.worker import Worker, peer_command

LANDSCAPE = "iris-10"
SAMPLE = 512  # points that the judge looks at
DISPLACEMENT = 1e-3
Line = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Measurement:
    """How much of it."""

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
        """Of the device."""
        return measured_rates(self.device, self.work.matrix)

    def starts(self, walkers: int) -> np.ndarray:
        """N(0, 1) [W, P]."""
        return LANDSCAPES[LANDSCAPE].starts(walkers, self.there.n_parameters)

    def ceilings(self) -> Iterator[Line]:
        """Share of an energy call in what the device can do."""
        rates, network = self.rates, self.there.network
        problem, walkers = self.there, self.work.walkers
        theta = self._tensor(self.starts(walkers))
        taken, batched = (
            seconds_of(partial(energy.energy_and_gradient, theta), self.device, 10, self.work.rounds)
            for energy in (problem, problem._energy.batched)
        )
        memory = walkers * least_bytes(network) / rates.bytes  # type: ignore[arg-type] # iris-10 is dense
        operations = least_operations(network, len(problem.inputs))  # type: ignore[arg-type]
        arithmetic = walkers * operations / rates.operations
        yield "large copy, read and written", f"{rates.bytes / 1e9:.0f} GB/s"
        yield "float64 matrix product", f"{rates.operations / 1e12:.3f} TFLOP/s"
        way = type(problem._energy.fastest).__name__
        yield f"energy and gradient, {walkers} walkers, {way}", f"{1e6 * taken:.0f} us"
        yield "the same, BatchedEnergy", f"{1e6 * batched:.0f} us"
        yield "its least bytes at the first rate", f"{1e6 * memory:.1f} us"
        yield f"its {operations} operations a walker at the second", f"{1e6 * arithmetic:.1f} us"
        yield "share of the smaller ceiling (goal 40 %)", f"{max(memory, arithmetic) / taken:.0%}"
        if self.device.type == "cuda":
            vector = vector_rate(self.device)
            share = max(memory, walkers * operations / vector) / taken
            yield "float64 multiply-adds without matrices", f"{vector / 1e12:.3f} TFLOP/s"
            yield "share, were there no matrix units, which tanh and exp cannot use", f"{share:.0%}"

    def steps(self) -> Iterator[Line]:
        """Plain and recorded steps; nobody converges."""
        for walkers in sorted({64, 1024, self.work.walkers}):
            if walkers <= self.work.walkers:
                yield f"L-BFGS, a walker-step, {walkers} walkers", self._step_times(walkers)
        memory, parameters = LBFGS().memory, self.there.n_parameters
        history = 8 * (2 * 2 * memory * parameters + 4 * memory**2)  # S and Y twice, R^-1 three times, Y Y' once
        yield (
            "reading its history in batched operations, at the rate of the copy",
            f"{1e9 * history / self.rates.bytes:.0f} ns",
        )

    def waiting(self) -> Iterator[Line]:
        """Synchronisations, in steps alone and with the loop around them."""
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
            yield f"synchronisations, {name}", "none to count" if count is None else str(count)

    def quenches(self) -> Iterator[Line]:
        """Verified minima a second."""
        theta, method = self._tensor(self.starts(self.work.walkers)), LBFGS(precondition=self.there.cheap_hessian)
        run_all(method, self.there, theta[:64], 64)
        taken, state = min(
            (self._timed(lambda: run_all(method, self.there, theta, len(theta))) for _ in range(self.work.rounds)),
            key=lambda pair: pair[0],
        )
        ours = len(theta) * self._minima(state.theta[:SAMPLE].cpu().numpy()) / taken
        calls = state.calls.double()
        yield f"quenches per second, {len(theta)} walkers", f"{ours:.0f}; {calls.mean():.0f} calls, {taken:.2f} s"
        if self.work.peer:
            with Worker(peer_command("pele_peer")) as pele:
                answer = pele.ask("quench", landscape=LANDSCAPE, l2=self.l2, starts=self.work.core_starts)
                theirs = len(answer["theta"]) * self._minima(np.array(answer["theta"])) / answer["seconds"]
                yield f"{pele.versions}, one core", f"{theirs:.0f}"
            yield "ratio (goal 100)", f"{ours / theirs:.1f}"

    def saddles(self) -> Iterator[Line]:
        """Transition states a minute; eigensolutions."""
        first, last, images = self._pairs()
        there, core, rates = _context(self.there), _context(self.core), list[float]()
        for context, count, name in ((there, len(first), "the device"), (core, self.work.core_pairs, "one core")):
            search = ConnectTask(first=first[:count], last=last[:count], images=images[:count])
            with one_thread_per_task():
                ConnectTask(first=first[:2], last=last[:2], images=images[:2]).run(context)
                taken, found = self._timed(partial(search.run, context))
            points = found.transition_states.parameters
            valid = len(self.judge.finished(points[:SAMPLE], 1, SADDLE_RMS)) / max(1, len(points[:SAMPLE]))
            rates.append(60.0 * valid * len(points) / taken)
            told = f"{rates[-1]:.0f}; {len(points)} from {len(search.first)} pairs in {taken:.2f} s, {valid:.0%} valid"
            yield f"transition states per minute, {name}", told
        yield "ratio (goal 50)", f"{rates[0] / rates[1]:.1f}" if rates[1] else "none found on the core"
        many = min(4096, self.work.walkers)
        for problem, count, name in ((self.there, many, "the device"), (self.core, 64, "one core")):
            matrices = problem.hessian(torch.tensor(self.starts(count), device=problem.device))
            right = matrices.new_ones(count, problem.n_parameters)
            with one_thread_per_task():
                whole = seconds_of(partial(torch.linalg.eigh, matrices), problem.device)
                linear = seconds_of(partial(torch.linalg.solve_ex, matrices, right), problem.device)
            each = f"{1e6 * whole / count:.1f} us; {1e6 * linear / count:.1f} us"
            yield f"eigensolution; linear solution, P = {right.shape[1]}, {count} at a time, {name}", each

    def agreement(self) -> Iterator[Line]:
        """Row by row from displaced minima; as sets from random starts."""
        count = self.work.core_starts
        context = _context(self.core)
        known, found = (distinct_minima(context, points)[0].unknown for points in self._on_both(self.starts(count)))
        both = sum(bool(np.abs(known.energy - energy).min() <= 1e-9) for energy in found.energy)
        near = known.parameters + DISPLACEMENT * np.random.default_rng(1).normal(size=known.parameters.shape)
        core, there = self._on_both(near)
        energies = (core.energy - there.energy.cpu()).abs().max()
        places = self.core.symmetry.distance(core.theta.numpy(), there.theta.cpu().numpy())
        same = bool((core.is_minimum & there.is_minimum.cpu()).all()) and places.max() <= 1e-4
        yield f"largest difference of energies, {len(near)} displaced minima (goal 1e-9)", f"{energies:.1e}"
        yield "the same minima", "yes" if same else f"no: places differ by up to {places.max():.1e}"
        told = f"{len(known.energy)}, {len(found.energy)}, {both}"
        yield f"distinct minima from {count} random starts: one core, the device, both", told

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

    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The nearest ends first [S, P], last [S, P], aligned, and images [S] for the lowest minima there are."""
        found = quench(
            self.there, self._tensor(self.starts(self.work.walkers)), method=LBFGS(), batch=self.work.walkers
        )
        minima = distinct_minima(_context(self.core), found)[0].unknown
        lowest = minima.parameters[np.argsort(minima.energy)]
        ends = np.array([*islice(((i, j) for j in range(len(lowest)) for i in range(j)), self.work.pairs)])
        first = lowest[ends[:, 0]]
        last = self.core.symmetry.align(lowest[ends[:, 1]], first)
        table = Settings().connect
        length = table.image_density * np.linalg.norm(last - first, axis=1)
        return first, last, np.rint(np.clip(length, table.min_images, table.max_images)).astype(np.int64)

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


def _context(problem: Problem) -> Context:
    return prepared_context(problem, Settings(), None)


@click.command()
@click.option("--device", default="cuda", show_default=True, help="cuda, cuda:1 or cpu.")
@click.option("--l2", default=1e-4, show_default=True, help="Weight of the regularisation.")
@click.option("--walkers", default=16384, show_default=True, help="Walkers on the device.")
@click.option("--pairs", default=2048, show_default=True, help="Pairs of minima that the device connects.")
@click.option("--core-pairs", default=64, show_default=True, help="Of these, pairs that one core connects.")
@click.option("--core-starts", default=512, show_default=True, help="Quenches of one core, ours and the peer's.")
@click.option("--matrix", default=8192, show_default=True, help="Size of the matrices by which rates are measured.")
@click.option("--rounds", default=3, show_default=True, help="Rounds, of which the best counts.")
@click.option("--peer/--no-peer", default=True, show_default=True, help="Whether to measure pele too.")
def main(device: str, l2: float, **work: Any) -> None:
    """Measures iris-10 on a device beside single cores of the same machine."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        click.echo(
            "expected a CUDA device and a CUDA build of torch, found none: --device cpu tries the script", err=True
        )
        sys.exit(2)
    bench = Bench(device, l2, Measurement(**work))
    name = torch.cuda.get_device_name(bench.device) if bench.device.type == "cuda" else "the CPU"
    click.echo(
        f"| {LANDSCAPE}, l2 = {l2:g} | {name}, {datetime.now(UTC):%Y-%m-%d}, torch {torch.__version__} |\n|---|---|"
    )
    for part in (bench.ceilings, bench.steps, bench.waiting, bench.quenches, bench.saddles, bench.agreement):
        for what, value in part():
            click.echo(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
