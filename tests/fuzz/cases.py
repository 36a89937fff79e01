"""Cases: a file of some kind, a change of it, the command that is given the file, and the verdict on what it did.

A fork takes longer than most commands. So a case runs in the process of its batch, see `batches.py`, and only a case
that ends this process costs another fork.
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
from typing import Any

import h5py
import numpy as np

from landscape.errors import DatabaseError
from tests.endings import Ended, status_of
from tests.fuzz.continuing import continue_file
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
    """A kind of case: files to begin with, the first of which is changed, changes of it, and the words of the command.

    `share` is the number of cases of this kind in a round of all kinds. The command of a `light` kind needs no torch,
    or refuses most mistakes without it.
    """

    name: str
    share: int
    begin: Path
    files: tuple[str, ...]
    changes: tuple[Change, ...]
    command: tuple[str, ...]
    light: bool = False


def kinds(begin: Path) -> list[Kind]:
    """The kinds of cases for files in a folder, see `files`."""
    key, other = "problem.dataset", ("other.h5", "secret")
    run = ("run", "run.toml", "-o", "new.h5", "--time-limit", "0s")
    database, texts = ("xor.h5", *other), (change_text, change_text, flip, cut)
    every = ("arguments", "run.toml", "data.csv", *database)
    tables = [
        Kind(f"data file {name}", share, begin, (name, "run.toml", *other), changes, (*run, f"--set={key}='{name}'"))
        for name, share, changes in (
            ("data.csv", 3, (flip, cut, change_text, change_text, change_text)),
            ("data.npz", 2, (flip, cut)),
            ("data.h5", 1, (flip, cut, change_item, change_item)),
        )
    ]
    return [
        Kind("database bytes", 4, begin, database, (flip, flip, cut), ("info", "xor.h5"), light=True),
        Kind("database items", 4, begin, database, (change_item,), ("info", "xor.h5"), light=True),
        Kind("run file", 5, begin, ("run.toml", "data.csv", *other), texts, run, light=True),
        Kind("arguments", 1, begin, every, (change_text,), ()),
        *tables,
    ]


def tried(kind: Kind, seed: int) -> Outcome:
    """The outcome of a case of a kind, in this process, which a fault of the case may end."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in kind.files:
            shutil.copyfile(kind.begin / file, folder / file)
        changed, change = folder / kind.files[0], draw.choice(kind.changes)
        done = change(changed, draw)
        command = kind.command
        if not command:
            lines = changed.read_text(encoding="utf-8").replace("\0", "0").splitlines()
            command = tuple(draw.choice(lines or ["info"]).split() or ["info"])
        ended = done_in(folder, ("landscape", *command))
        word, is_fault = judged(ended)
        if changed.name == "xor.h5" and word == "accepted":
            if same_content(changed, good_content(kind.begin / changed.name)):
                word, is_fault = continued(changed, kind.begin / changed.name)
            else:
                verified = done_in(folder, ("landscape", "verify", "xor.h5", "--sides", "0"))
                word, is_fault = judged(verified)
                word, is_fault = ("believed", True) if verified.status == 0 else (f"verify: {word}", is_fault)
        story = f"{kind.name}, seed {seed}: {done}; landscape {' '.join(command)}: {ended.status}\n{ended.said[-2000:]}"
    return Outcome(word, is_fault, story)


def continued(path: Path, good: Path) -> tuple[str, bool]:
    """The outcome of commits to the file in a word, and whether it is a fault."""
    accepted = True
    try:
        continue_file(path)
    except DatabaseError:
        accepted = False
    except Exception as error:  # noqa: BLE001 - the fault that is looked for
        return f"a commit raises {error!r}", True
    if done_in(path.parent, ("landscape", "info", path.name)).status:
        return "a commit spoils the file", True
    if not accepted:
        return "nothing changed, no commit", False
    same = same_content(path, continued_content(good))
    return ("nothing changed, continued", False) if same else ("a commit changes other rows", True)


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


def same_content(path: Path, good: dict[str, str]) -> bool:
    """True if h5py alone reads this content in the file."""
    try:
        return content(path) == good
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, MemoryError):
        return False


@cache
def good_content(path: Path) -> dict[str, str]:
    """The content of a file that no case changes."""
    return content(path)


@cache
def continued_content(path: Path) -> dict[str, str]:
    """The content of a copy of such a file after commits."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        continue_file(copy)
        return content(copy)


def content(path: Path) -> dict[str, str]:
    """Hashes of all datasets and attributes by name; rows of a table that do not count are left out.

    Attributes of equal values are equal, such as a count as another kind of whole number.
    """
    found: dict[str, str] = {}
    counts: dict[str, Any] = {}  # by group

    def take(name: str, item: h5py.Dataset | h5py.Group) -> None:
        attributes = item.attrs if h5py.h5a.get_num_attrs(item.id) else ()
        values = {key: np.asarray(item.attrs[key]).tolist() for key in attributes}
        counts[name] = values.get("count")
        found.update({f"{name}@{key}": _hash(repr(value).encode()) for key, value in values.items()})
        if isinstance(item, h5py.Dataset):
            count = counts[name.rpartition("/")[0]] if item.maxshape[:1] == (None,) else None
            array = np.asarray(item[()] if count is None else item[: int(count)])
            text = repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()
            found[name] = _hash(f"{array.dtype}{array.shape}".encode() + text)

    with h5py.File(path) as file:
        take("", file)
        file.visititems(take)
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
