"""A study continues where it was stopped, on any number of ranks, and reports common properties of its landscapes."""

import csv
import shlex
from pathlib import Path

import numpy as np
import pytest

from landscape.campaign.preparation import stored_context
from landscape.database.database import open_database
from landscape.studies.study import CORRELATIONS, REPORT, TRACKS, conclude
from tests.analysis.synthetic import funnel, write_database
from tests.campaign.commands import XOR, assert_equal_bytes, done, finished, launched, needs_mpi, run_file
from tests.commands import Run
from tests.database.altering import altered

OVER = "problem.l2=1e-2,1e-3"
MEMBERS = ("l2-0.01.h5", "l2-0.001.h5")


def line(ranks: int, source: Path, folder: Path, *more: str) -> list[str]:
    return launched(ranks, "-m", "landscape", "study", source, "--over", OVER, "-o", folder, *more)


@pytest.mark.bits
@needs_mpi
def test_a_study_is_continued_and_does_not_depend_on_ranks(tmp_path: Path) -> None:
    source = run_file(tmp_path, XOR)
    stopped = finished(line(0, source, tmp_path / "a", "--time-limit", "0s"))
    assert stopped.returncode == 75
    assert "continue with the same command" in stopped.stderr
    assert not (tmp_path / "a" / REPORT).exists()
    first = done(line(2, source, tmp_path / "a"))
    second = done(line(0, source, tmp_path / "b"))
    assert first.stdout.replace("/a", "/b") == second.stdout
    assert "landscape" in first.stdout
    for name in MEMBERS:
        assert_equal_bytes(tmp_path / "a" / name, tmp_path / "b" / name)
    text = (tmp_path / "a" / REPORT).read_text()
    assert text.startswith(f"made by: landscape study {source} --over {OVER} -o {tmp_path / 'a'}\n")
    assert "'deeper minima are more robust': " in text or "refused: Expected at least 8" in text


def test_replicates_have_samples_and_seeds_of_their_own(tmp_path: Path, command: Run) -> None:
    source = run_file(tmp_path, XOR.replace('dataset = "xor"', 'dataset = "moons"\nsubset = 30'))
    folder = tmp_path / "study"
    varies = ("--replicates", "2", "--set", "problem.subset=40")
    command("study", source, *varies, "-o", folder).done()
    made = f"made by: landscape study {source} {' '.join(varies)} -o {folder}\n"
    assert (folder / REPORT).read_text().startswith(made)
    with open_database(folder / "replicate-0.h5") as first, open_database(folder / "replicate-1.h5") as second:
        contexts = [stored_context(db.problem_record, "cpu") for db in (first, second)]
    inputs = np.concatenate([context.require_problem().data.inputs for context in contexts])
    assert len(np.unique(np.round(inputs, 12), axis=0)) == 80
    assert [context.settings.run.seed for context in contexts] == [0, 1]


def test_a_study_keeps_to_its_kind_and_its_replicates_differ(tmp_path: Path, command: Run) -> None:
    source = run_file(tmp_path, XOR.replace('dataset = "xor"', 'dataset = "moons"\nsubset = 40'))
    folder = tmp_path / "study"
    told = command("study", source, "--replicates", "2", "-o", folder).done()
    assert f"'landscape answer {folder}' says what replicates show" in told
    refused = command("study", source, "--replicates", "2", "--sampled", "-o", folder)
    assert refused.status == 2
    assert "expected a database of this study, found a search" in refused.err
    whole = run_file(tmp_path, XOR.replace('dataset = "xor"', 'dataset = "xor"\nsubset = 4'))
    same = command("study", whole, "--replicates", "3", "-o", tmp_path / "same")
    assert same.status == 2
    assert "expected problem.subset below the 4 samples that there are, found 4" in same.err


def test_what_varies_must_be_said(tmp_path: Path, command: Run) -> None:
    refused = command("study", run_file(tmp_path, XOR))
    assert refused.status == 2
    assert "expected --over, --replicates or both, found neither" in refused.err
    whole = command("study", run_file(tmp_path, XOR), "--replicates", "3", "-o", tmp_path / "none")
    assert whole.status == 2
    assert "expected problem.subset above 0" in whole.err
    assert len(whole.err.splitlines()) == 1


def test_the_report_names_the_command_that_a_shell_understands(tmp_path: Path, command: Run) -> None:
    source, folder, over = run_file(tmp_path, XOR), tmp_path / "a study", "problem.hidden=[1], [2]"
    command("study", source, "--over", over, "-o", folder).done()
    assert sorted(path.name for path in folder.glob("*.h5")) == ["hidden-1.h5", "hidden-2.h5"]
    first = (folder / REPORT).read_text().splitlines()[0]
    expected = ["landscape", "study", str(source), "--over", over, "-o", str(folder)]
    assert shlex.split(first.removeprefix("made by: ")) == expected


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [
        write_database(tmp_path / f"l2-{l2:g}.h5", funnel(count, seed), l2=l2)
        for count, seed, l2 in ((20, 0, 1e-2), (15, 1, 1e-3), (5, 2, 1e-4))
    ]


def test_the_table_and_the_report_are_written(tmp_path: Path, paths: list[Path]) -> None:
    told = conclude(tmp_path, paths, "landscape study")
    text = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert "40 distinct minima\nof 3 landscapes, compared within their own only:\n  l2-0.01: 20 distinct of 20" in text
    assert "refused: Expected at least 8 distinct minima to correlate, found 5" in text
    assert text.count("'deeper minima are more robust': +") == 3
    assert "they are no inference" in text
    assert max(map(len, text.splitlines())) <= 150
    assert any(said.startswith("'deeper minima are more robust': +") for said in told)
    with (tmp_path / CORRELATIONS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["table"] for row in rows} == {"pooled", "l2-0.01", "l2-0.001"}
    assert not [name for name in rows[0] if name == "p" or name.endswith(("_p", "_low", "_high"))]


@pytest.mark.parametrize(("last", "states"), [(True, None), (False, None), (True, 0)])
def test_duplicates_of_minima_change_nothing(tmp_path: Path, last: bool, states: int | None) -> None:
    """Copies without transition states follow or precede the minima; or no minimum has transition states."""
    parameters, energy, pairs, ts_energy = funnel(20)
    pairs, ts_energy = pairs[:states], ts_energy[:states]
    copies = np.append(np.arange(20), [3, 4, 5, 3]) if last else np.append([0, 1, 2, 3], np.arange(20))
    shifted = pairs if last else pairs + 4
    for name in ("once", "twice"):
        (tmp_path / name).mkdir()
    once = write_database(tmp_path / "once" / "a.h5", (parameters, energy, pairs, ts_energy))
    twice = write_database(tmp_path / "twice" / "a.h5", (parameters[copies], energy[copies], shifted, ts_energy))
    told = [conclude(path.parent, [path], "landscape study")[4:] for path in (once, twice)]
    first, second = ([line for line in lines if not line.startswith("not complete: a (")] for lines in told)
    assert first == second
    ours, theirs = ((path.parent / CORRELATIONS).read_text(encoding="utf-8") for path in (once, twice))
    assert ours == theirs


def test_a_landscape_without_minima_is_told(tmp_path: Path, paths: list[Path]) -> None:
    empty = write_database(tmp_path / "empty.h5", funnel(0), measured=False, l2=1.0)
    told = conclude(tmp_path, [empty, *paths], "landscape study")
    assert told[1].split() == ["empty", "0"]
    assert any(said.startswith("'deeper minima are more robust': +") for said in told)


def test_a_minimum_at_several_values_is_one(tmp_path: Path, command: Run) -> None:
    """XOR with one unit: of the two minima at l2 = 0.02, one is that at 0.03, and one is born on the way."""
    text = XOR.replace("hidden = [2]", "hidden = [1]").replace("rounds = 1\n", "rounds = 4\n")
    source, folder = run_file(tmp_path, text), tmp_path / "study"
    line = ("study", source, "--over", "problem.l2=0.02,0.03", "--follow", "-o", folder)
    first = command(*line)
    assert "l2-0.03.h5: follows 1 point" in first.err
    said = first.done()
    assert said.count("problem.l2 from 0.03 to 0.02: 3 tracks, 1 event") == 1
    assert "3 minima lie on 2 tracks: followed from one value to the next they are the same (tracks.csv)" in said
    with (folder / TRACKS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["landscape"] for row in rows] == ["l2-0.02", "l2-0.02", "l2-0.03"]
    assert sorted(row["track"] for row in rows[:2]) == ["0", "1"]
    own = next(row for row in rows[:2] if row["track"] == rows[2]["track"])
    assert float(own["energy"]) < float(rows[2]["energy"])  # it is followed to less l2
    again = command(*line)
    assert "follows" not in again.err
    assert again.done() == said


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (("--replicates", "2"), "expected --follow with --over alone"),
        (("--over", "problem.l2=1e-2,1e-3", "--replicates", "2"), "expected --follow with --over alone"),
        (("--over", "problem.hidden=[1],[2]"), "found hidden, which is no such number"),
        (("--over", "problem.l2=1e-2"), "expected two values or more with --follow, found one"),
        (("--over", "run.seed=1,2"), "expected a key of the [problem] table, found run.seed"),
        (("--over", "problem.l2=1e-2,0"), "expected two values above 0"),
    ],
)
def test_what_cannot_be_followed_is_one_line(tmp_path: Path, command: Run, over: tuple[str, ...], words: str) -> None:
    said = command("study", run_file(tmp_path, XOR), *over, "--follow", "-o", tmp_path / "study")
    assert said.status == 2
    assert words in said.err
    assert not (tmp_path / "study").exists()


def test_index_sums_that_do_not_hold_are_told_each_time(tmp_path: Path, command: Run) -> None:
    """The same command again finds the tracks, whose event is marked by hand as one that does not conserve its sum."""
    source = run_file(tmp_path, XOR.replace("hidden = [2]", "hidden = [1]"))
    line = ("study", source, "--over", "problem.l2=0.02,0.03", "--follow", "-o", tmp_path / "study")
    command(*line).done()
    with altered(tmp_path / "study" / "l2-0.03.h5") as file:
        file["events/conserved"][...] = False
    said = command(*line)
    assert said.status == 1
    assert "VIOLATED" in said.out
