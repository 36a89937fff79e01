"""Cases: a file of some kind, a change of it, the command that is given the file, and the verdict on what it did.

A fork of a process that has torch takes longer than most commands. So a case runs in the process of its batch, see
`batches.py`, and only a case that ends this process costs another fork.
"""

import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import h5py
import numpy as np

from landscape.database import writing
from tests.children import Ended, forked, status_of
from tests.database.altering import altered
from tests.fuzz.mutations import SECRET, change_item, change_text, cut, flip

ENDINGS = {0, 1, 2, 75}
"""Exit statuses that the guides name."""

Change = Callable[[Path, random.Random], str]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case in a word, whether it is a fault, and how to see it again."""

    word: str
    is_fault: bool
    story: str


@dataclass(frozen=True)
class Kind:
    """A kind of case: files to begin with, the one that is changed, changes of it, and the words of the command."""

    name: str
    begin: Path
    file: str
    changes: tuple[Change, ...]
    command: tuple[str, ...]


def kinds(begin: Path) -> list[Kind]:
    """The kinds of cases for files in a folder, see `files`."""
    ran = ("run", "run.toml", "-o", "new.h5", "--time-limit", "0s")
    tables = [
        Kind(f"data file {name}", begin, name, changes, (*ran, "--set", f'problem.dataset="{name}"'))
        for name, changes in {
            "data.csv": (flip, cut, change_text, change_text, change_text),
            "data.npz": (flip, cut),
            "data.h5": (flip, cut, change_item, change_item),
        }.items()
    ]
    return [
        Kind("database bytes", begin, "xor.h5", (flip, flip, cut), ("info", "xor.h5")),
        Kind("database items", begin, "xor.h5", (change_item,), ("info", "xor.h5")),
        Kind("run file", begin, "run.toml", (change_text, change_text, flip, cut), ran),
        Kind("arguments", begin, "arguments", (change_text,), ()),
        *tables,
    ]


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


def tried(kind: Kind, seed: int) -> Outcome:
    """The outcome of a case of a kind, in this process, which a fault of the case may end."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(kind.begin, folder, dirs_exist_ok=True)
        change = draw.choice(kind.changes)
        done = change(folder / kind.file, draw)
        command = kind.command
        if not command:
            lines = (folder / kind.file).read_text(encoding="utf-8").replace("\0", "0").splitlines()
            command = tuple(draw.choice(lines or ["info"]).split() or ["info"])
        ended = done_in(folder, ("landscape", *command))
        word, is_fault = judged(ended)
        if kind.file == "xor.h5" and word == "accepted":
            if unchanged(folder / kind.file, kind.begin / kind.file):
                word = "accepted, nothing changed"
            else:
                verified = done_in(folder, ("landscape", "verify", "xor.h5", "--sides", "0"))
                word, is_fault = judged(verified)
                word, is_fault = ("believed", True) if verified.status == 0 else (f"verify: {word}", is_fault)
        story = f"{kind.name}, seed {seed}: {done}; landscape {' '.join(command)}: {ended.status}\n{ended.said[-2000:]}"
    return Outcome(word, is_fault, story)


def judged(ended: Ended) -> tuple[str, bool]:
    """An ending in a word, and whether it is a fault."""
    faults = {
        "traceback": "Traceback" in ended.said,
        "reads another file": SECRET in ended.said,
        f"exit status {ended.status}": ended.status not in ENDINGS,
        "says nothing": ended.status in (1, 2) and not ended.said.strip(),
    }
    fault = next((word for word, holds in faults.items() if holds), "")
    return fault or ("accepted" if ended.status in (0, 75) else "refused"), bool(fault)


def done_in(folder: Path, words: tuple[str, ...]) -> Ended:
    """The ending of a command in this process in a folder, and what it writes to the streams of the process."""
    before, streams = Path.cwd(), [os.dup(stream) for stream in (1, 2)]
    own = sys.stdout, sys.stderr, sys.argv
    os.chdir(folder)
    try:
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
            status = status_of(words)
            output.seek(0)
            return Ended(status, output.read())
    finally:
        sys.stdout, sys.stderr, sys.argv = own
        for stream, saved in zip((1, 2), streams, strict=True):
            os.dup2(saved, stream)
            os.close(saved)
        os.chdir(before)


def unchanged(path: Path, good: Path) -> bool:
    """True if h5py alone reads the same items in both files."""
    try:
        return content(path) == good_content(good)
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, MemoryError):
        return False


@cache
def good_content(path: Path) -> dict[str, str]:
    """The content of a file that no case changes."""
    return content(path)


def content(path: Path) -> dict[str, str]:
    """Hashes of all datasets and attributes by name; rows of a table that do not count are left out."""
    found: dict[str, str] = {}

    def take(name: str, item: h5py.Dataset | h5py.Group) -> None:
        values = {f"{name}@{key}": value for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            count = item.parent.attrs.get("count") if item.maxshape[:1] == (None,) else None
            values[name] = item[()] if count is None else item[: int(count)]
        for key, value in values.items():
            array = np.asarray(value)
            text = repr(array.tolist()) if array.dtype.hasobject else array.tobytes().hex()
            found[key] = hashlib.sha256(f"{array.dtype}{array.shape}{text}".encode()).hexdigest()

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return found
