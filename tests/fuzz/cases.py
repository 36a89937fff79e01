"""Cases: a file of some kind, a change of it, the command that is given the file, and the verdict on what it did."""

import hashlib
import os
import random
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from tests.children import Ended, forked
from tests.fuzz.mutations import SECRET, change_item, change_text, cut, flip

SECONDS, MEMORY = 20, 4 * 2**30  # of processor time, and beyond what the process has
ENDINGS = {0, 1, 2, 75}
"""Exit statuses that the guides name."""
UNREADABLE, DIFFERENT = 3, 4

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
    made = forked_in(folder, ("landscape", "run", "run.toml", "-o", "xor.h5"), limited=False)
    assert made.status == 0, made.said


def tried(kind: Kind, seed: int) -> Outcome:
    """The outcome of a case of a kind."""
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
        ended = forked_in(folder, ("landscape", *command))
        word, is_fault = judged(ended)
        if kind.file == "xor.h5" and word == "accepted":
            changed = compared(folder / kind.file, kind.begin / kind.file)
            if changed == 0:
                word = "accepted, nothing changed"
            else:
                verified = forked_in(folder, ("landscape", "verify", "xor.h5", "--sides", "0"))
                word, is_fault = judged(verified)
                word, is_fault = ("believed", True) if verified.status == 0 else (f"verify: {word}", is_fault)
        story = f"{kind.name}, seed {seed}: {done}; landscape {' '.join(command)}: {ended.status}\n{ended.said[-2000:]}"
    return Outcome(word, is_fault, story)


def judged(ended: Ended) -> tuple[str, bool]:
    """An ending in a word, and whether it is a fault."""
    faults = {
        "hangs": ended.status in (-signal.SIGALRM, -signal.SIGXCPU),
        "crashes": ended.status < 0,
        "traceback": "Traceback" in ended.said,
        "reads another file": SECRET in ended.said,
        f"exit status {ended.status}": ended.status not in ENDINGS,
        "says nothing": ended.status in (1, 2) and not ended.said.strip(),
    }
    fault = next((word for word, holds in faults.items() if holds), "")
    return fault or ("accepted" if ended.status in (0, 75) else "refused"), bool(fault)


def forked_in(folder: Path, words: tuple[str, ...], *, limited: bool = True) -> Ended:
    """The ending of a command in a child in a folder, within limits of time and memory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        return forked(words, limit if limited else lambda: None)
    finally:
        os.chdir(before)


def limit() -> None:
    """Limit the processor time and the memory of this process, and keep its crashes off the disk."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(20 * SECONDS)


def compared(one: Path, other: Path) -> int:
    """0 if h5py alone reads the same items in both files, else another number; in a child, which may crash."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if content(one) == content(other) else DIFFERENT)
        except BaseException:  # noqa: BLE001 - the child ends here
            os._exit(UNREADABLE)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def content(path: Path) -> dict[str, str]:
    """Hashes of all datasets, and of the attributes that are not a user's own, by name; rows that do not count too."""
    found: dict[str, str] = {}

    def take(name: str, item: h5py.Dataset | h5py.Group) -> None:
        values = {f"{name}@{key}": value for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            values[name] = item[()]
        for key, value in values.items():
            array = np.asarray(value)
            text = repr(array.tolist()) if array.dtype.hasobject else array.tobytes().hex()
            found[key] = hashlib.sha256(f"{array.dtype}{array.shape}{text}".encode()).hexdigest()

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return found
