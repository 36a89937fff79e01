"""Input and output of OPTIM and GMIN, the Fortran codes in the wheel of pylfl.

Only the programs of pylfl are run. Shapes: F points, T transition states, P parameters.
"""

import resource
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.landscapes import LANDSCAPES
from tests.benchmarks.units import Units

PROGRAMS = Path(sysconfig.get_path("purelib")) / "pylfl" / "bin" / "linux"


@dataclass(frozen=True)
class Output:
    """The printed output of a program, the content of the result file, and the CPU seconds taken."""

    printed: str
    written: str
    seconds: float


class Fortran:
    """A landscape in the terms of both codes."""

    def __init__(self, landscape: str, l2: float) -> None:
        inputs, labels = LANDSCAPES[landscape].samples()
        self.units = Units(inputs.shape[1], LANDSCAPES[landscape].hidden, int(labels.max()) + 1)
        self.samples = "".join(map(_sample, inputs, labels))
        h, d, k = self.units.hidden, self.units.inputs, self.units.outputs
        self.potential = f"MLPVB3 {d} 1 {h} {k} {len(inputs)} {number(l2)}\n"
        first, bias, second, last = np.split(np.arange(self.units.parameters), np.cumsum([h * d, h, k * h]))
        self.order = np.concatenate([first, second, bias, last])

    def column(self, theta: np.ndarray) -> str:
        """Our parameters [P] in the order of the codes, both layers of weights, then both of biases: one a line."""
        return "".join(f"{value:.16f}\n" for value in theta[self.order])

    def ours(self, points: np.ndarray) -> np.ndarray:
        """Points [..., P] of the codes in our order."""
        return points[..., np.argsort(self.order)]

    def run(self, program: str, files: Mapping[str, str], result: str) -> Output:
        """Runs a program in its own folder with these files; if it does not write `result`, that is empty."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            for file, text in {"MLPdata": self.samples, **files}.items():
                (folder / file).write_text(text)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([PROGRAMS / program], cwd=folder, capture_output=True, text=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            written = (folder / result).read_text() if (folder / result).exists() else ""
        return Output(done.stdout, written, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def number(value: float) -> str:
    """A number in Fortran's notation."""
    return f"{value:.6E}".replace("E", "D")


def _sample(inputs: np.ndarray, label: int) -> str:
    return " ".join([str(label), *map("{:.16g}".format, inputs)]) + "\n"


def columns(text: str, parameters: int, head: int) -> np.ndarray:
    """Points [F, P] of `min.data.info` (`head` = 1 line before each) or `lowest` (2), a parameter a line."""
    lines = text.splitlines()
    size = head + parameters
    points = [lines[row + head : row + size] for row in range(0, len(lines), size)]
    return np.array(points, dtype=np.float64).reshape(-1, parameters)


def path_steps(text: str, parameters: int) -> np.ndarray:
    """Steps [T, 3, P], each a minimum, a transition state and a minimum, of `path.info` without frequencies.

    A point is an energy, the order and the name of a point group, and P numbers.
    """
    words = np.array(text.split()).reshape(-1, 3, 3 + parameters)
    return words[:, :, 3:].astype(np.float64)
