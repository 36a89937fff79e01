"""Worker that quenches with `landscape`: batched L-BFGS under the one driver loop."""

import argparse
import time

import torch

from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs import LBFGS
from landscape.problems.problem import Problem
from tests.benchmarks.landscapes import IRIS_10, RMS
from tests.benchmarks.serve import Answer, serve


class Quencher:
    """Quenches on the landscape of one L2 weight after another."""

    def __init__(self, memory: int, batch: int) -> None:
        torch.set_num_threads(1)
        self.method = LBFGS(rms=RMS, memory=memory, max_step=1.0)
        self.batch = batch

    def quench(self, l2: float, count: int) -> Answer:
        """All starts, after a few that warm up."""
        problem = Problem(dataset=IRIS_10.dataset, hidden=[IRIS_10.hidden], l2=l2)
        starts = torch.tensor(IRIS_10.starts(count, problem.n_parameters))
        run_all(self.method, problem, starts[:3], self.batch)
        begin = time.process_time()
        state = run_all(self.method, problem, starts, self.batch)
        seconds = time.process_time() - begin
        return {"theta": state.theta.tolist(), "calls": state.calls.tolist(), "seconds": seconds}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, required=True, help="correction pairs")
    parser.add_argument("--batch", type=int, required=True, help="walkers at a time")
    arguments = parser.parse_args()
    serve(f"landscape M={arguments.memory} batch={arguments.batch}", Quencher(**vars(arguments)).quench)
