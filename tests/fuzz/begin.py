"""Good files of every kind, which the cases change."""

import os
from pathlib import Path

import h5py
import numpy as np

from landscape.database import writing
from tests.children import forked
from tests.database.altering import altered
from tests.fuzz.mutations import SECRET

RUN = """
[problem]
dataset = "data.csv"
hidden = [2]
l2 = 1e-2
activation = "tanh"
[run]
seed = 3
[basin_hopping]
walkers = 4
steps = 2
task_walkers = 2
start_scales = [0.5, 1.0]
[quench]
memory = 8
[connect]
pairs = 2
rounds = 1
single_ended = 2
target = 1.0
[identity]
energy_tolerance = 1e-9
[measure]
epsilon = [0.1]
pgd_steps = 2
pgd_restarts = 1
apgd_steps = 5
search_queries = 10
"""
ARGUMENTS = """info xor.h5 --lowest 3
verify xor.h5 --sides 0
run run.toml -o new.h5 --set problem.l2=1e-3 --time-limit 0s
tree xor.h5 -o tree.svg
properties xor.h5
correlations xor.h5
thermodynamics xor.h5 -o curves.csv
rates xor.h5 --from 0 --to 1
morse xor.h5
measure xor.h5 loss
export xor.h5 -o there --format csv
merge xor.h5 xor.h5 -o merged.h5
answer there
"""
CHUNK_ROWS = 8
KEPT = (
    "depth",
    "pgd_accuracy",
    "robust_accuracy",
    "clean_loss",
    "rounded_loss",
    "spectral_norm",
    "margin_l2",
    "hessian_trace",
)
"""Properties that stay in the database: the others would only make every case slower."""


def files(folder: Path) -> None:
    """Write good files of every kind, which the cases change."""
    (folder / "run.toml").write_text(RUN)
    (folder / "arguments").write_text(ARGUMENTS)
    (folder / "secret").write_text(SECRET)
    random_numbers = np.random.default_rng(0).normal(size=(12, 2))
    labels = np.arange(12) % 2
    rows = [f"{x!r},{y!r},{label}" for (x, y), label in zip(random_numbers.tolist(), labels.tolist(), strict=True)]
    (folder / "data.csv").write_text("\n".join(["height,width,class", *rows]) + "\n")
    np.savez(folder / "data.npz", inputs=random_numbers, targets=labels)
    with h5py.File(folder / "data.h5", "w") as file:
        file["inputs"], file["targets"] = random_numbers, labels
    with h5py.File(folder / "other.h5", "w") as file:
        for name in ("inputs", "targets", "rounds/kind"):
            file[name] = [SECRET]
    made = forked(("landscape", "run", str(folder / "run.toml"), "-o", str(folder / "xor.h5")), lambda: _begin(folder))
    assert made.status == 0, made.said
    with altered(folder / "xor.h5") as file:
        own = file["properties/minima"]
        assert set(KEPT) <= set(own)
        for name in set(own) - set(KEPT):
            del own[name]
    whole = (folder / "xor.h5").rename(folder / "whole.h5")
    with h5py.File(whole) as file, h5py.File(folder / "xor.h5", "w") as packed:
        packed.attrs.update(file.attrs)
        for name in file:
            file.copy(name, packed)
    whole.unlink()


def _begin(folder: Path) -> None:
    """Go to a folder, and write small files."""
    os.chdir(folder)
    writing.CHUNK_ROWS = CHUNK_ROWS
