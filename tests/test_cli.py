"""The command: every mistake of a user gives exit status 2 and one helpful line; no files are left behind."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import h5py
import pytest
import torch

import landscape
from landscape.cli import cli
from landscape.cli.options import found_run_file, typed_run_file
from landscape.config.run_file import RunConfig
from landscape.errors import LandscapeWarning
from landscape.problems.surfaces.analytic import MuellerBrown
from landscape.properties import path_profiles as profiles
from tests.campaign.commands import ROOT, XOR, finished, launched, needs_mpi
from tests.commands import Run, Said, assert_refused
from tests.database.altering import altered
from tests.privileges import unprivileged
from tests.problems.image_bytes import random_pixels, write

QUICK = XOR.replace("steps = 4", "steps = 2").replace("rounds = 1", "rounds = 0").replace("d = 2", "d = 0")


@pytest.fixture
def refused(command: Run) -> Run:
    """A command that is refused: status 2, nothing on standard output and one line on standard error."""

    def run(*arguments: object) -> Said:
        said = command(*arguments)
        assert_refused(said)
        return said

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(QUICK)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of a finished run; do not change it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "run.toml").write_text(QUICK)
    landscape.explore(
        landscape.Problem.from_toml(folder / "run.toml"),
        path=folder / "a.h5",
        walkers=6,
        steps=2,
        basin_hopping={"round_steps": 2, "task_walkers": 2},
        connect={"rounds": 0, "single_ended": 0},
        measure={"epsilon": [0.1], "pgd_steps": 2, "pgd_restarts": 2},
    ).close()
    return folder / "a.h5"


@pytest.fixture
def database(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "a.h5"))


BAD_RUN_FILES = {
    "nothing": ("", "[problem] is missing"),
    "malformed": ("[problem\n", "expected TOML, found a mistake: Expected ']'"),
    "unknown key": (QUICK + "epsilonn = 1\n", "[measure] epsilonn is unknown; did you mean 'epsilon'?"),
    "unknown table": (QUICK + "[conect]\n", "[conect] is unknown; did you mean 'connect'?"),
    "wrong type": (QUICK.replace("l2 = 1e-2", 'l2 = "small"'), '[problem] l2: expected a number, found "small"'),
    "negative l2": (QUICK.replace("1e-2", "-1.0"), "[problem] l2: expected a number not less than 0, found -1.0"),
    "data set": (
        QUICK.replace('"xor"', '"xorr"'),
        "expected xor, iris, wine, breast_cancer, digits, moons, mnist_5k, f_a:K=6, ljat3:samples=500 or a path",
    ),
    "activation": (QUICK.replace("hidden", 'activation = "tanhh"\nhidden'), "did you mean 'tanh'?"),
    "device": (QUICK + '[run]\ndevice = "gpu"\n', "expected auto, cpu, cuda or cuda:1"),
    "strategy": (QUICK.replace("[connect]", '[connect]\nstrategies = ["gmn"]'), "found \"gmn\"; did you mean 'gmin'?"),
    "bounds that leave inputs out": (
        QUICK + "input_bounds = [0.2, 0.8]\n",
        "input_bounds must hold all inputs as the network sees them, which lie between 0 and 1",
    ),
    "an epsilon for another number of features": (
        QUICK.replace("epsilon = [0.1]", "epsilon = [[0.1, 0.2, 0.3]]"),
        "an epsilon per feature must have 2 numbers for 2 inputs, found 3",
    ),
    "no such data": (QUICK.replace('"xor"', '"no.csv"'), "no.csv: expected a data file, found nothing there"),
}


@pytest.mark.parametrize("what", BAD_RUN_FILES)
def test_bad_run_files(tmp_path: Path, refused: Run, what: str) -> None:
    text, words = BAD_RUN_FILES[what]
    (tmp_path / "bad.toml").write_text(text)
    assert words in refused("run", tmp_path / "bad.toml", "-o", tmp_path / "b.h5").err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


@pytest.mark.parametrize("name", ["run", "train"])
def test_an_unknown_strategy_is_told_with_its_file_and_place(tmp_path: Path, refused: Run, name: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(QUICK.replace("[connect]", '[connect]\nstrategies = ["closest", "gmn"]'))
    error = refused(name, path, "-o", tmp_path / "b.h5").err
    assert f'{path}: [connect] strategies[1]: expected the name of a pair strategy, found "gmn"' in error


BAD_DATA = {
    "text": ("a,b,label\n1,2,0\n1,two,1\n", "expected a finite number in row 3, column b, found 'two'"),
    "nan": ("1,2,0\n1,nan,1\n", "expected a finite number in row 2, column 2, found 'nan'"),
    "one class": ("1,2,0\n3,4,0\n", "class"),
    "labels with a gap": ("1,2,0\n3,4,2\n5,6,2\n", "label"),
    "negative label": ("1,2,0\n3,4,-1\n", "label"),
    "values as labels": ("1,2,0.5\n3,4,1.5\n", "expected whole-number class labels"),
    "nothing": ("", "expected rows of numbers"),
    "ragged": ("1,2,0\n1,1\n", "expected 3 columns in row 2, found 2"),
}


@pytest.mark.parametrize("what", BAD_DATA)
def test_bad_data(tmp_path: Path, refused: Run, what: str) -> None:
    text, words = BAD_DATA[what]
    data, run_file = tmp_path / "data.csv", tmp_path / "bad.toml"
    data.write_text(text)
    run_file.write_text(QUICK.replace('"xor"', json.dumps(str(data))))
    assert words in refused("run", run_file, "-o", tmp_path / "b.h5").err
    assert not (tmp_path / "b.h5").exists()


def test_missing_run_file(tmp_path: Path, refused: Run) -> None:
    assert "no.toml: expected a run file (TOML, UTF-8), cannot read it" in refused("run", tmp_path / "no.toml").err
    assert "cannot read it: Is a directory" in refused("run", tmp_path).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rum"], "No such command 'rum'"),
        (["run"], "Missing argument 'RUN_FILE'; see 'landscape run --help'"),
        (["run", "a.toml", "--resum"], "No such option"),
        (["study", "a.toml", "--over", "run.seed=1,2", "--set", "run.seed=3"], "found run.seed in both"),
        (["run", "a.toml", "--time-limit", "soon"], "expected a duration such as 90s, 45m, 3h or 1h30m, found 'soon'"),
        (["run", "a.toml", "--time-limit", ""], "expected a duration"),
        (["measure", "a.h5", "--epsilon", "0.1,x"], "expected numbers such as 0.1,0.3, found '0.1,x'"),
        (["measure", "a.h5", "--pgd-steps", "many"], "'many' is not a valid integer"),
        (["study", "a.toml"], "expected --over, --replicates or both, found neither"),
        (["info", "a.h5", "--lowest", "-1"], "-1 is not in the range x>=0"),
    ],
)
def test_usage(refused: Run, arguments: list[str], words: str) -> None:
    assert words in refused(*arguments).err


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("l2=1", "expected TABLE.KEY=VALUE"),
        ("problem.l2=-1.0", "not less than 0, found -1.0"),
        ("problem.activation=tanhh", "found \"tanhh\"; did you mean 'tanh'?"),
        ("problem.dataset=two words", "a string needs quotes: 'problem.dataset=\"two words\"'"),
        ("problem.hidden=two", 'expected a list, found "two"'),
        ("problem.hiden=[3]", "did you mean 'hidden'?"),
    ],
)
def test_bad_settings(source: Path, refused: Run, setting: str, words: str) -> None:
    assert words in refused("run", source, "--set", setting).err


def test_a_bare_word_is_a_string(source: Path) -> None:
    config = RunConfig.from_toml(source)
    words = [
        "problem.activation=sigmoid",
        "run.device=cpu",
        "problem.standardise=true",
        "run.seed=3",
        "measure.epsilon=[0.2]",
    ]
    changed = config.override([*words, 'problem.loss="mse"', "explore.energy=inf", "problem.dataset=./a/b-1.csv"])
    assert (changed.problem.activation, changed.run.device, changed.problem.standardise) == ("sigmoid", "cpu", True)
    assert (changed.run.seed, changed.measure.epsilon, changed.problem.loss) == (3, (0.2,), "mse")
    assert (changed.explore.energy, changed.problem.dataset) == (float("inf"), "./a/b-1.csv")
    assert [*config.family("problem.activation=tanh, relu")] == ["activation-tanh", "activation-relu"]


def test_every_command_that_reads_a_run_file_can_change_its_keys() -> None:
    context = click.Context(cli)
    reads = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        names = {one.name for one in command.params}
        if names & {"run_file", "source"}:
            reads.append(name)
            assert "settings" in names, name
    assert reads == ["run", "sample", "train", "study", "continue", "import"]


def test_properties_are_listed(database: Path, command: Run) -> None:
    said = command("properties", database)
    assert (said.status, said.err) == (0, "")
    assert "pgd_accuracy" in said.out


def test_no_gpu(source: Path, refused: Run) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    refusal = refused("run", source, "--set", 'run.device="cuda"').err
    assert 'expected one of the 0 GPUs here, found "cuda"; use "auto"' in refusal


def test_an_existing_file_is_not_overwritten(source: Path, database: Path, refused: Run) -> None:
    before = database.read_bytes()
    said = refused("run", source, "-o", database)
    assert "a.h5 exists already: resume it (--resume), remove it or choose another name" in said.err
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("problem.l2=2e-2", "problem.l2 is 0.01 in it and 0.02 in the run file"),
        ("problem.hidden=[3]", "it has 12 parameters and the run file 17"),
        ('problem.dataset="moons"', "its data differ from those of the run file"),
        ("run.seed=3", "run.seed is 0 in it and 3 in the run file"),
        ("identity.distance_tolerance=0.1", "identity.distance_tolerance is 0.0001 in it and 0.1 in the run file"),
        ("basin_hopping.walkers=7", "basin_hopping.walkers is 6 in it and 7 in the run file"),
    ],
)
def test_another_problem_is_not_continued(source: Path, database: Path, refused: Run, setting: str, words: str) -> None:
    before = database.read_bytes()
    said = refused("run", source, "-o", database, "--resume", "--set", setting)
    assert f"a.h5: cannot be continued, {words}; choose another file with -o" in said.err
    assert database.read_bytes() == before
    assert not database.with_name("a.h5.lock").exists()


def test_images_may_be_gone_once_a_database_has_them(tmp_path: Path, command: Run, refused: Run) -> None:
    folder, path, database = tmp_path / "mnist", tmp_path / "run.toml", tmp_path / "a.h5"
    write("mnist", folder, "train", random_pixels("mnist", 20), [*range(10)] * 2)
    problem = f"{json.dumps(f'mnist:{folder}')}\nclasses = [8, 3]\ndownscale = 14"
    path.write_text(QUICK.replace('"xor"', problem).replace("l2 = 1e-2", "l2 = 0.1"))
    assert command("run", path, "-o", database).status == 0
    with h5py.File(database) as file:
        assert file["problem"].attrs["image"].tolist() == [1, 2, 2]
    shutil.rmtree(folder)
    for arguments in (["verify", database], ["measure", database], ["run", path, "-o", database, "--resume"]):
        assert command(*arguments).status == 0
    assert "mnist: expected a folder with the files" in refused("run", path, "-o", tmp_path / "b.h5").err
    another = refused("run", path, "-o", database, "--resume", "--set", "problem.downscale=7").err
    assert "cannot be continued, problem.downscale is 14 in it and 7 in the run file" in another


def not_hdf5(path: Path) -> None:
    path.write_text("energy,hits\n")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def newer(path: Path) -> None:
    with altered(path) as file:
        file.attrs["format_version"] += 1


def foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["energy"] = [1.0]


def damaged(path: Path) -> None:
    with altered(path) as file:
        del file["minima/energy"]


def unreadable_settings(path: Path) -> None:
    with altered(path) as file:
        file["problem"].attrs["run_toml"] = "[problem"


def absent(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN = [
    (not_hdf5, "is not an HDF5 file"),
    (truncated, "is truncated"),
    (newer, "newer than the"),
    (foreign, "HDF5 but not a landscape database"),
    (damaged, "is damaged"),
]
UNUSABLE = [*BROKEN, (absent, "a.h5 does not exist"), (a_folder, "is a folder")]


@pytest.mark.parametrize(("spoil", "words"), BROKEN)
def test_a_broken_database_is_not_continued(
    source: Path, database: Path, refused: Run, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(database)
    assert words in refused("run", source, "-o", database, "--resume").err


@pytest.mark.parametrize("name", ["info", "verify", "measure"])
@pytest.mark.parametrize(("spoil", "words"), UNUSABLE)
def test_commands_on_what_is_no_database(
    database: Path, refused: Run, name: str, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(database)
    assert words in refused(name, database).err


@pytest.mark.parametrize("arguments", [("run", "run.toml", "-o", "a.h5", "--resume"), ("verify", "a.h5")])
def test_a_database_whose_settings_cannot_be_read(
    source: Path, database: Path, refused: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    unreadable_settings(database)
    monkeypatch.chdir(source.parent)
    assert "a.h5" in refused(*arguments).err


@pytest.mark.parametrize("name", ["verify", "measure"])
def test_the_surface_of_a_user_is_not_rebuilt(tmp_path: Path, command: Run, refused: Run, name: str) -> None:
    path = tmp_path / "surface.h5"
    landscape.explore(
        MuellerBrown(), start=(-1.0, 1.0), path=path, walkers=2, steps=1, connect={"rounds": 0, "single_ended": 0}
    ).close()
    assert "expected a database of a network" in refused(name, path).err
    assert command("info", path).status == 0


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--epsilon", "-0.1", "greater than 0, found -0.1"),
        ("--epsilon", "0.3,0.1", "epsilon: expected rising values, each once, found [0.3, 0.1]"),
        ("--epsilon", "0.1,0.1", "epsilon: expected rising values, each once, found [0.1, 0.1]"),
        ("--pgd-steps", "0", "not less than 1, found 0"),
        ("--noise-draws", "0", "[measure] noise_draws: expected a number not less than 1, found 0"),
        ("--distance-limit", "0", "[measure] distance_limit: expected a number greater than 0, found 0.0"),
        ("--input-bounds", "1,0", "[low, high] with low < high, or [] for no bounds"),
        ("--input-bounds", "0.5,0.9", "input_bounds must hold all inputs"),
        ("--pgd-steps", "3", "found 'hessian_trase'; did you mean 'hessian_trace'?"),
    ],
)
def test_bad_measuring(database: Path, refused: Run, option: str, value: str, words: str) -> None:
    before = database.read_bytes()
    names = ["loss", "hessian_trase"] if "trase" in words else []
    assert words in refused("measure", database, *names, option, value).err
    assert database.read_bytes() == before


def test_properties_are_measured_by_name(database: Path, command: Run) -> None:
    said = command("measure", database, "pgd_accuracy", "depth", "--epsilon", "0.2,0.4")
    assert said.status == 0
    assert "measure round 2 of at most 2" in said.err
    with h5py.File(database) as file:
        stored = file["properties/minima"]
        assert json.loads(stored["pgd_accuracy"].attrs["settings"])["epsilon"] == [0.1, 0.2, 0.4]
        assert json.loads(stored["sensitivity_logits"].attrs["settings"]) == {"group": "sensitivity", "epsilon": [0.1]}
        assert json.loads(stored["hessian_trace"].attrs["settings"]) == {"group": "curvature", "seed": 0}


def test_every_setting_of_a_measurement_can_be_given(database: Path, command: Run) -> None:
    wanted = {
        "epsilon": [0.2],
        "pgd_steps": 3,
        "pgd_restarts": 1,
        "apgd_steps": 4,
        "search_queries": 5,
        "noise_draws": 6,
        "distance_limit": 7.0,
        "input_bounds": [-1.0, 2.0],
    }
    texts = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in wanted.items()}
    options = [word for name, text in texts.items() for word in (f"--{name.replace('_', '-')}", text)]
    assert command("measure", database, "robustness", *options).status == 0
    with h5py.File(database) as file:
        stored = json.loads(file["properties/minima/robust_accuracy"].attrs["settings"])
    assert stored == wanted | {"group": "robustness", "seed": 0}


def test_paths_are_measured_beside_what_is_named_alone(database: Path, command: Run) -> None:
    assert command("measure", database, "robustness", "--epsilon", "0.2,0.4").status == 0
    assert command("measure", database, "--paths").status == 0
    with h5py.File(database) as file:
        assert json.loads(file["properties/minima/pgd_accuracy"].attrs["settings"])["epsilon"] == [0.1, 0.2, 0.4]
    said = command("measure", database, "sensitivity", "--epsilon", "0.3", "--paths")
    assert said.status == 0
    with h5py.File(database) as file:
        assert json.loads(file["properties/minima/pgd_accuracy"].attrs["settings"])["epsilon"] == [0.1, 0.2, 0.4]
        assert json.loads(file["properties/minima/sensitivity_logits"].attrs["settings"])["epsilon"] == [0.1, 0.3]
        paths = [json.loads(one.attrs["settings"]) for one in file["properties/transition_states"].values()]
        assert all(settings["epsilon"] == [0.1, 0.3] for settings in paths if "pgd_steps" in settings)


def test_paths_that_cannot_be_followed_are_refused_before_anything_is_measured(
    database: Path, refused: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "DENSE_LIMIT", 5)
    before = database.read_bytes()
    said = refused("measure", database, "robustness", "--epsilon", "0.2", "--paths").err
    assert "at most 5 parameters, found 12 parameters: measure without --paths" in said
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["locate"], "expected end points of training, found none yet: train with 'landscape train'"),
        (["measure", "--training"], "expected end points of training, found none yet: train with 'landscape train'"),
        (["measure", "--training", "--paths"], "expected one of --paths, --training and --sampled"),
    ],
)
def test_what_was_not_trained_is_not_located_or_measured(
    database: Path, refused: Run, arguments: list[str], words: str
) -> None:
    before = database.read_bytes()
    name, *options = arguments
    assert words in refused(name, database, *options).err
    assert database.read_bytes() == before


def test_end_points_are_trained_located_and_measured(source: Path, tmp_path: Path, command: Run) -> None:
    path = tmp_path / "a.h5"
    few = ["--set", "train.seeds=2", "--set", "train.epochs=2"]
    assert command("train", source, "-o", path, *few).status == 0
    said = command("locate", path)
    assert said.status == 0
    assert "Where 2 end points lie" in said.out
    assert command("measure", path, "--training", "loss", "pgd_accuracy").status == 0
    with h5py.File(path) as file:
        stored = file["properties/training"]
        assert {"minimum", "landing", "superbasin", "clean_loss", "robust_accuracy"} <= set(stored)
        assert "hessian_trace" not in stored
    for name in ("verify", "info"):
        assert command(name, path).status == 0


def test_a_landscape_is_sampled_alone_and_beside_a_search(
    source: Path, tmp_path: Path, command: Run, refused: Run
) -> None:
    path = tmp_path / "a.h5"
    said = command("sample", source, "-o", path, "--quenches", "6", "--pairs", "0")
    assert said.status == 0
    assert "quenches      6, independent" in said.out
    said = command("sample", source, "-o", path, "--quenches", "9", "--pairs", "1", "--resume")
    assert said.status == 0
    assert "1 random pairs of quenches" in said.out
    with h5py.File(path) as file:
        assert file["sampled_quenches"].attrs["count"] == 9
        assert file["minima"].attrs["count"] == 0
    other = refused("sample", source, "-o", path, "--resume", "--set", "sample.scale=0.5")
    assert "sample.scale is 1.0 in it and 0.5 in the run file" in other.err
    assert "expected end points of training, found none" in refused("sample", path, "--training").err
    assert "expected --training without" in refused("sample", path, "--training", "--resume").err


def test_what_has_no_minima_is_not_measured(source: Path, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "empty.h5"
    landscape.explore(
        landscape.Problem.from_toml(source), path=path, walkers=1, steps=0, connect={"rounds": 0, "single_ended": 0}
    ).close()
    assert "empty.h5: expected minima to measure, found none yet" in refused("measure", path).err


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ("l2=1", "--over 'l2=1': expected TABLE.KEY=VALUE, for instance problem.l2=1e-4,1e-3"),
        ("problem.l2=", "expected TABLE.KEY=VALUE"),
        ("problem.l2=1e-3,0.001", "expected each value once"),
        ('problem.dataset="a b.csv","a-b.csv"', "distinct in letters, digits and .+-, by which files are named"),
        ("problem.l2=1e-3,-1.0", "[problem] l2: expected a number not less than 0, found -1.0"),
        ("problem.ll2=1e-3", "did you mean 'l2'?"),
        ("problem.dataset=two words,iris", "a string needs quotes"),
    ],
)
def test_bad_studies(source: Path, tmp_path: Path, refused: Run, over: str, words: str) -> None:
    assert words in refused("study", source, "--over", over, "-o", tmp_path / "study").err
    assert not (tmp_path / "study").exists()


def test_a_study_is_written_to_a_folder(source: Path, refused: Run) -> None:
    said = refused("study", source, "--over", "problem.l2=1e-2", "-o", source).err
    assert "run.toml: expected a folder for the databases of the study, or a place to make it, found a file" in said


@pytest.mark.parametrize("name", ["run", "resume", "measure"])
def test_a_read_only_folder(source: Path, database: Path, refused: Run, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_file, path = Path(folder) / "run.toml", Path(folder) / "a.h5"
        shutil.copy(source, run_file)
        if name != "run":
            shutil.copy(database, path)
        Path(folder).chmod(0o555)
        lines = {
            "run": ("run", run_file, "-o", path),
            "resume": ("run", run_file, "-o", path, "--resume"),
            "measure": ("measure", path, "--pgd-steps", 3),
        }
        with unprivileged():
            said = refused(*lines[name])
        Path(folder).chmod(0o755)
        assert "a.h5 cannot be opened for writing, permission is denied: change the permissions" in said.err
        assert {entry.name for entry in Path(folder).iterdir()} <= {"run.toml", "a.h5"}


def test_a_folder_that_cannot_be_entered(source: Path, refused: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_file = Path(shutil.copy(source, folder))
        closed = Path(folder) / "closed"
        closed.mkdir(mode=0o000)
        Path(folder).chmod(0o755)
        with unprivileged():
            for line in (
                ("run", run_file, "-o", closed / "a.h5"),
                ("info", closed / "a.h5"),
                ("verify", closed / "a.h5"),
            ):
                assert "ermission" in refused(*line).err
        closed.chmod(0o700)


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_on_the_size_of_files(source: Path, tmp_path: Path, command: Run) -> None:
    path = tmp_path / "b.h5"
    with largest_file(1000):
        said = command("run", source, "-o", path)
    assert (said.status, said.out) == (2, "")
    assert "b.h5 could not be created, the limit on the size of a file is reached: raise it (ulimit -f)" in said.err
    assert not path.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, if this user can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(source: Path, small_disk: Path, command: Run) -> None:
    path = small_disk / "b.h5"
    said = command("run", source, "-o", path)
    assert (said.status, said.out) == (2, "")
    last = said.err.splitlines()[-1]
    assert last.startswith("landscape: ")
    assert "the disk is full: free space, then resume" in last
    assert "Traceback" not in said.err
    assert command("info", path).status == 0
    (small_disk / "filling").write_bytes(b"0" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize))
    assert "the disk is full" in command("run", source, "-o", small_disk / "c.h5").err.splitlines()[-1]


@needs_mpi
def test_under_mpi_a_mistake_is_told_once(source: Path, database: Path, tmp_path: Path) -> None:
    lines: list[list[object]] = [
        ["run", tmp_path / "no.toml"],
        ["run", source, "-o", database],
        ["run", source, "-o", database, "--resume", "--set", "problem.l2=2e-2"],
        ["run"],
        ["info", tmp_path / "no.h5"],
        ["verify", source],
        ["measure", database, "--epsilon", "-1"],
        ["study", source, "--over", "problem.l2=1e-2", "-o", source],
    ]
    texts = [json.dumps([str(part) for part in line]) for line in lines]
    result = finished(launched(2, ROOT / "tests/campaign/several.py", *texts))
    assert result.stderr.count("\n") == result.stderr.count("landscape: ") == len(lines)
    assert result.stdout.count(str([2] * len(lines))) == 2


LACKING = """
import os, sys
from landscape.cli import main
from landscape.campaign.pools.launch import launcher_rank
if launcher_rank() == 1:
    os.chdir(sys.argv[1])
sys.argv = ["landscape", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize("arguments", [["run"], ["study", "--replicates", "2"]])
def test_a_file_that_one_rank_lacks_ends_all_ranks_with_one_line(tmp_path: Path, arguments: list[str]) -> None:
    name, *options = arguments
    place = ["runs/replicates-digits.toml", "-o", tmp_path / "out"]
    result = finished(launched(2, "-c", LACKING, tmp_path, name, *place, *options))
    assert result.returncode == 2
    assert "runs/replicates-digits.toml" in result.stderr
    assert result.stderr.count("landscape: ") == 1
    assert not (tmp_path / "out").exists()


def test_what_a_finished_run_says(source: Path, tmp_path: Path, command: Run) -> None:
    path = tmp_path / "b.h5"
    said = command("run", source, "-o", path)
    assert said.status == 0
    assert "basin hopping round 1 of at most 1" in said.err
    for words in ("minima        ", "hopping       ", "connected     ", "Good-Turing", "Chao1"):
        assert words in said.out
    assert command("run", source, "-o", path, "--resume").status == 0
    info = command("info", path, "--lowest", 2)
    assert (info.status, info.err) == (0, "")
    assert len([line for line in info.out.splitlines() if line.strip()[:2] in ("0 ", "1 ", "2 ", "3 ")]) >= 2
    verified = command("verify", path)
    assert (verified.status, verified.err) == (0, "")
    assert "every one is what it says" in verified.out


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two searches of one landscape with different seeds; do not change them."""
    folder = tmp_path_factory.mktemp("searches")
    (folder / "run.toml").write_text(QUICK)
    paths = folder / "0.h5", folder / "1.h5"
    for seed, path in enumerate(paths):
        landscape.explore(
            landscape.Problem.from_toml(folder / "run.toml"),
            path=path,
            seed=seed,
            walkers=16,
            steps=10,
            connect={"rounds": 0, "single_ended": 20},
            measure={"epsilon": [0.1], "pgd_steps": 2, "pgd_restarts": 2},
        ).close()
    return paths


def test_two_searches_that_agree_are_complete(command: Run, searches: tuple[Path, Path]) -> None:
    said = command("complete", *searches)
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[-1] == "Complete: all four criteria hold for these 5 minima."
    assert said.out.count(" holds\n") == 4
    assert "the 2 lowest of 5 minima" in command("complete", *searches, "--lowest", 2).out
    assert "the 2 lowest of 5 minima" in command("complete", *searches, "--energy", 0.5).out
    for words in ("barriers are upper bounds", "far sides", "merge energies fell in the last doubling"):
        assert words in command("info", searches[0]).out


def test_a_search_without_transition_states_is_not_complete(
    command: Run, searches: tuple[Path, Path], database: Path
) -> None:
    said = command("complete", searches[1], database)
    assert (said.status, said.err) == (1, "")
    assert said.out.splitlines()[-1].startswith("Not complete: ")
    assert "B 100.0%" in next(line for line in said.out.splitlines() if line.startswith("(d)"))


def test_what_cannot_be_compared(refused: Run, searches: tuple[Path, Path], database: Path, tmp_path: Path) -> None:
    first, second = searches
    assert "different seeds, found 0 in both" in refused("complete", first, database).err
    assert "--lowest or --energy, found both" in refused("complete", first, second, "--lowest", 2, "--energy", 1).err
    assert "found none up to that energy" in refused("complete", first, second, "--energy", 0).err
    assert "--lowest" in refused("complete", first, second, "--lowest", 0).err
    assert "no.h5" in refused("complete", first, tmp_path / "no.h5").err
    other = Path(shutil.copy(second, tmp_path / "other.h5"))
    with altered(other) as file:
        run = file["problem"].attrs["run_toml"]
        file["problem"].attrs["run_toml"] = run.replace("l2 = 0.01", "l2 = 0.02", 1)
    assert "found different problem.l2" in refused("complete", first, other).err
    with altered(other) as file:
        file["problem"].attrs["sha256"] = "0" * 64
    assert "different data" in refused("complete", first, other).err
    surface = tmp_path / "surface.h5"
    landscape.explore(MuellerBrown(), start=(-1.0, 1.0), path=surface, walkers=2, steps=1).close()
    assert "user's own energy" in refused("complete", first, surface).err


def test_the_name_of_the_database_comes_from_the_run_file(
    source: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    assert command("run", source, "--time-limit", "0s").status == 75
    assert (source.parent / "run.h5").exists()


def test_a_reader_that_has_seen_enough(database: Path) -> None:
    line = f"{sys.executable} -m landscape info {database} | true; echo ${{PIPESTATUS[0]}}"
    result = finished(["bash", "-c", line])
    assert result.stderr == ""
    assert result.stdout.strip() in ("0", "1")


def test_run_files_of_the_package_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Run) -> None:
    """A folder of this name, as a study makes it, does not stand for a run file; a file does."""
    context, name = click.Context(cli), click.Argument(["run_file"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons").mkdir()
    found = found_run_file(context, name, Path("moons"))
    assert found.is_file()
    assert RunConfig.from_toml(found).problem.dataset == "moons"
    assert (typed_run_file(found), typed_run_file(Path("runs/moons.toml"))) == ("moons", "runs/moons.toml")
    (tmp_path / "iris").write_text('[problem]\ndataset = "xor"\n')
    assert found_run_file(context, name, Path("iris")) == Path("iris")
    assert "found 'moonz'; did you mean 'moons'?" in refused("run", "moonz").err


def test_a_warning_of_the_package_is_one_line(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # restored after the test
    command("--version")
    assert warnings.formatwarning("kept elsewhere", LandscapeWarning, "a.py", 7) == "landscape: kept elsewhere\n"
    assert warnings.formatwarning("old", FutureWarning, "a.py", 7, "f()") == "a.py:7: FutureWarning: old\n  f()\n"


def test_summaries_of_commands_are_whole(command: Run) -> None:
    listed = command("--help").out.split("Commands:")[1]
    assert len(listed.strip().splitlines()) == len(cli.list_commands(click.Context(cli)))
    assert "..." not in listed


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"], ["verify", "-h"], ["--version"], []])
def test_help(command: Run, arguments: list[str]) -> None:
    said = command(*arguments)
    assert (said.status, said.err) == (0, "")
    assert "landscape" in said.out
