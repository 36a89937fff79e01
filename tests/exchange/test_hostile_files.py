"""Files that are damaged or lie are refused in one line, before anything is computed."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landscape.errors import ExchangeError
from landscape.exchange.formats import FORMATS, read_points
from tests.exchange.conftest import written

Damage = Callable[[Path], object]


def replaced(name: str, old: str, new: str, line: int = 0) -> Damage:
    def damage(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines()
        assert old in lines[line]
        lines[line] = lines[line].replace(old, new, 1)
        (folder / name).write_text("\n".join(lines) + "\n")

    return damage


def first_word(name: str, word: str) -> Damage:
    def damage(folder: Path) -> None:
        lines = (folder / name).read_text().splitlines()
        lines[-1] = " ".join([word, *lines[-1].split()[1:]])
        (folder / name).write_text("\n".join(lines) + "\n")

    return damage


def appended(name: str, text: bytes) -> Damage:
    def damage(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(text)

    return damage


def sparse(name: str) -> Damage:
    """A file that claims a terabyte, a whole number of points."""
    return lambda folder: os.truncate(folder / name, 8 * 12 * 10**10)


def linked(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).rename(folder / "elsewhere")
        (folder / name).symlink_to(folder / "elsewhere")

    return damage


def in_points(name: str, value: float) -> Damage:
    def damage(folder: Path) -> None:
        values = np.fromfile(folder / name)
        values[5] = value
        values.tofile(folder / name)

    return damage


def statement(*texts: str) -> Damage:
    def damage(folder: Path) -> None:
        with sqlite3.connect(folder / "pele.sqlite") as tables:
            for text in texts:
                tables.execute(text)
        tables.close()

    return damage


CASES: list[tuple[str, Damage, str]] = [
    ("pathsample", appended("points.min", b"12345678"), "expected points of 12 parameters, 96 bytes each"),
    ("pathsample", appended("points.ts", bytes(96)), "expected a line for each of the 7 points"),
    ("pathsample", appended("min.data", b"1 2 1 1 1 1\n"), "expected a line for each of the 4 points"),
    ("pathsample", in_points("points.min", np.nan), "expected finite numbers, found others at minimum 1:"),
    ("pathsample", in_points("points.ts", np.inf), "expected finite numbers, found others at transition state 1:"),
    ("pathsample", replaced("min.data", "0.", "nan0."), "expected numbers, found 'nan0"),
    ("pathsample", replaced("min.data", " 1.0", " 1.0 7.0"), "expected 6 or 8 columns in every line, found 7"),
    ("pathsample", replaced("ts.data", "1.0 1.0 1.0", "1.0", 1), "expected 8 or 9 or 10 columns .* in line 2"),
    ("pathsample", replaced("ts.data", " 1.0", "", 0), "expected 8 or 9 or 10 columns"),
    ("pathsample", sparse("points.min"), "expected at most"),
    ("pathsample", sparse("min.data"), "expected at most"),
    ("pathsample", linked("points.min"), "expected a plain file, found a link"),
    ("pathsample", linked("ts.data"), "expected a plain file, found a link"),
    ("pathsample", lambda folder: (folder / "ts.data").unlink(), "expected a plain file, found"),
    ("topsearch", appended("ts.data", b"0 9 0.6\n"), "as many lines in ts.data and ts.coords"),
    ("topsearch", replaced("min.data", "0 ", "3 "), "expected the numbers 0, 1, 2 in order"),
    ("topsearch", replaced("min.data", "0 ", "0.5 "), "expected whole numbers to name minima"),
    ("topsearch", replaced("min.coords", " ", " 1.0 "), "expected 12 columns in every line, found 13"),
    ("topsearch", first_word("ts.data", "99"), "between two of its 4 minima, found others at"),
    ("topsearch", first_word("ts.data", "-1"), "between two of its 4 minima, found others at"),
    ("pele", statement("PRAGMA user_version = 7"), "version 2, found 2 of version 7"),
    ("pele", statement("DROP TABLE tbl_transition_states"), "expected the 2 tables of pele"),
    (
        "pele",
        statement("ALTER TABLE tbl_minima RENAME TO other", "CREATE VIEW tbl_minima AS SELECT * FROM other"),
        "expected the 2 tables of pele",
    ),
    ("pele", statement("UPDATE tbl_minima SET coords = NULL"), "minimum 1: expected a pickle of 12 numbers"),
    ("pele", statement("UPDATE tbl_minima SET coords = zeroblob(90000)"), "minimum 1: expected a pickle of 12"),
    ("pele", statement("UPDATE tbl_minima SET energy = 'low'"), "expected energies as numbers"),
    ("pele", statement("UPDATE tbl_transition_states SET _minimum1_id = 99"), "found others at transition state 1"),
    ("pele", linked("pele.sqlite"), "expected a plain file"),
    ("pele", lambda folder: (folder / "pele.sqlite").write_bytes(b"SQLite format 3\0" + bytes(999)), "expected a data"),
]


@pytest.mark.parametrize(("name", "damage", "message"), CASES, ids=[f"{case[0]}-{case[2][:40]}" for case in CASES])
def test_damage_is_told_in_one_line(name: str, damage: Damage, message: str, second: Path, tmp_path: Path) -> None:
    folder = written(second, tmp_path / "out", name)
    whole = read_points(FORMATS[name], folder, 12, trusted=True)
    assert (len(whole.minima), len(whole.states)) == (4, 6)
    damage(folder)
    with pytest.raises(ExchangeError, match=message) as refused:
        read_points(FORMATS[name], folder, 12, trusted=True)
    assert "\n" not in str(refused.value)


def test_a_folder_of_another_program_is_told_apart(second: Path, tmp_path: Path) -> None:
    folders = {name: written(second, tmp_path / name, name) for name in ("pathsample", "topsearch")}
    (folders["topsearch"] / "points.min").write_bytes(bytes(4 * 96))
    (folders["topsearch"] / "points.ts").write_bytes(bytes(6 * 96))
    for own, other in (("pathsample", "topsearch"), ("topsearch", "pathsample")):
        with pytest.raises(ExchangeError, match="is this the right --format"):
            read_points(FORMATS[own], folders[other], 12, trusted=False)
    with pytest.raises(ExchangeError, match=r"expected one database, pele.sqlite or \*.sqlite, found 0"):
        read_points(FORMATS["pele"], folders["topsearch"], 12, trusted=True)
    with pytest.raises(ExchangeError, match="expected a folder with files of pathsample"):
        read_points(FORMATS["pathsample"], tmp_path / "nowhere", 12, trusted=False)


def test_pickles_need_trust(second: Path, tmp_path: Path) -> None:
    folder = written(second, tmp_path / "out", "pele")
    with pytest.raises(ExchangeError, match="expected --trust-pickles, since pele stores arrays as pickles"):
        read_points(FORMATS["pele"], folder, 12, trusted=False)
