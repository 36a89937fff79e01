"""Run files: defaults, round trip, overrides, and one helpful line for each mistake."""

import tomllib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.config.fields import DATASETS, ActivationName, LossName
from landscape.config.run_file import RunConfig
from landscape.config.sources import options_of
from landscape.config.tables import ProblemConfig, Table
from landscape.config.training import AttackName, Part, Regime, keys_of
from landscape.errors import ConfigError
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.networks.losses import LOSSES
from landscape.training.attack import TRAINING_ATTACKS

IRIS = '[problem]\ndataset = "iris"\n'

MISTAKES = [
    ("", ["[problem]", "missing"]),
    ("[problem]\nl2 = 1e-3", ["[problem] dataset", "missing"]),
    ('[problm]\ndataset = "iris"', ["[problm]", "unknown", "'problem'"]),
    (IRIS + "hiden = [3]", ["[problem] hiden", "unknown", "'hidden'"]),
    (IRIS + "zzz = 3", ["[problem] zzz", "known are dataset, standardise"]),
    (IRIS + '"a\\nb" = 3', ["unknown"]),
    (IRIS + "l2 = -1e-3", ["[problem] l2", "not less than 0", "found -0.001"]),
    (IRIS + "l2 = nan", ["[problem] l2", "finite", "found nan"]),
    (IRIS + 'l2 = "1e-3"', ["[problem] l2", "expected a number", 'found "1e-3"']),
    (IRIS + "l2 = true", ["expected a number", "found true"]),
    (IRIS + "l2 = {a = 1}", ["expected a number", "found a table"]),
    (IRIS + "hidden = [3, 0]", ["[problem] hidden[1]", "not less than 1", "found 0"]),
    (IRIS + "hidden = 3", ["[problem] hidden", "expected a list", "found 3"]),
    (IRIS + "hidden = [0]", ["[problem] hidden[0]", "not less than 1"]),
    (IRIS + "hidden = [2.0]", ["[problem] hidden[0]", "whole number", "found 2.0"]),
    (IRIS + "standardise = 1", ["[problem] standardise", "true or false", "found 1"]),
    (IRIS + 'activation = "tahn"', ["[problem] activation", "'softplus'", "did you mean 'tanh'?"]),
    (IRIS + 'loss = "cross-entropy"', ["[problem] loss", "did you mean 'cross_entropy'?"]),
    (IRIS + "label_smoothing = 1.0", ["[problem] label_smoothing", "less than 1", "found 1.0"]),
    (IRIS + "l1 = -1e-3", ["[problem] l1", "not less than 0", "found -0.001"]),
    (IRIS + "l1_width = 0.0", ["[problem] l1_width", "greater than 0", "found 0.0"]),
    (IRIS + "sensitivity_weight = -1.0", ["[problem] sensitivity_weight", "not less than 0", "found -1.0"]),
    (IRIS + "sensitivity_epsilon = -0.1", ["[problem] sensitivity_epsilon", "not less than 0", "found -0.1"]),
    (IRIS + "sensitivity_weight = 0.01", ["[problem]", "sensitivity_epsilon > 0", "sensitivity_weight is 0.01"]),
    (IRIS + "sensitivty_weight = 0.01", ["sensitivty_weight", "unknown", "'sensitivity_weight'"]),
    (IRIS + 'sensitivity_measure = "volume"', ["sensitivity_measure", "did you mean 'log_volume'?"]),
    (IRIS + "adversarial_weight = 1.0", ["[problem]", "adversarial_epsilon > 0", "adversarial_weight is 1"]),
    (IRIS + "adversarial_steps = 0", ["[problem] adversarial_steps", "not less than 1", "found 0"]),
    (IRIS + "jacobian_weight = -0.5", ["[problem] jacobian_weight", "not less than 0", "found -0.5"]),
    ('[problem]\ndataset = "f_a:K=1"', ["[problem] dataset: f_a: K: expected a number not less than 2"]),
    ('[problem]\ndataset = "f_a:K6"', ["[problem] dataset: expected options KEY=VALUE", "as in f_a:K=6,delta=0.25"]),
    ('[problem]\ndataset = "irsi"', ["[problem] dataset", ".csv", "did you mean 'iris'?"]),
    (IRIS + "[connect]\nstrategies = [1]", ["[connect] strategies[0]", "expected a string"]),
    (IRIS + '[connect]\nstrategies = ["gmin", "gmin"]', ["[connect] strategies", "at most once"]),
    (IRIS + "[connect]\nmin_images = 60", ["[connect]", "max_images >= min_images", "50 < 60"]),
    (IRIS + "[measure]\nepsilon = [-0.1]", ["[measure] epsilon[0]: expected a number greater than 0, found -0.1"]),
    (IRIS + "[measure]\nepsilon = [0.1, [0.1, 0.0]]", ["[measure] epsilon[1][1]: ", "greater than 0, found 0.0"]),
    (IRIS + "[measure]\nepsilon = [[]]", ["[measure] epsilon[0]: expected a list of at least one value, found []"]),
    (IRIS + '[measure]\nepsilon = ["a"]', ['[measure] epsilon[0]: expected a number, found "a"']),
    (IRIS + "[run]\nseed = -1", ["[run] seed", "found -1"]),
    (IRIS + '[run]\ndevice = "gpu"', ["[run] device", "cuda:1", 'found "gpu"']),
    (f"[run]\nseed = 1\n{IRIS}l2 = ", ["TOML", "line 5"]),
    (f"{IRIS}l2 = 1 2", ["TOML", "line 3"]),
]


@pytest.mark.parametrize(
    ("text", "expected"), MISTAKES, ids=[" ".join(text.split()) or "empty" for text, _ in MISTAKES]
)
def test_a_mistake_is_one_line_that_says_what_was_expected(text: str, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_text(text, "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    assert [part for part in expected if part not in message] == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not UTF-8"])
def test_unreadable_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.toml: expected a run file"):
        RunConfig.from_toml(path)


def test_a_file_is_read_and_its_name_starts_the_message(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(IRIS)
    assert RunConfig.from_toml(path) == RunConfig.from_text(IRIS)
    path.write_text(IRIS + "l2 = -1")
    with pytest.raises(ConfigError, match=r"run\.toml: \[problem\] l2"):
        RunConfig.from_toml(str(path))


def test_defaults_of_the_contract() -> None:
    config = RunConfig.from_text(IRIS)
    assert config.problem == ProblemConfig.from_table(
        {
            "dataset": "iris",
            "standardise": True,
            "subset": 0,
            "test_fraction": 0.0,
            "held_out": 0,
            "hidden": [10],
            "activation": "tanh",
            "loss": "cross_entropy",
            "l2": 1e-3,
            "label_smoothing": 0.0,
            "l1": 0.0,
            "sensitivity_weight": 0.0,
            "adversarial_weight": 0.0,
            "jacobian_weight": 0.0,
        }
    )
    assert (config.basin_hopping.walkers, config.basin_hopping.steps) == (64, 100)
    assert config.measure.epsilon == (0.1, 0.3)
    assert (config.run.seed, config.run.device) == (0, "auto")


def test_one_table_names_its_keys_without_the_table() -> None:
    with pytest.raises(ConfigError, match=r"^configuration: hiden is unknown; did you mean 'hidden'"):
        ProblemConfig.from_table({"dataset": "iris", "hiden": [10]})


def test_names_are_those_that_the_code_knows() -> None:
    assert get_args(ActivationName) == tuple(ACTIVATIONS)
    assert set(get_args(LossName)) == set(LOSSES)
    assert set(get_args(AttackName)) == {"none", *TRAINING_ATTACKS}


def test_every_key_of_a_regime_has_one_part_in_comparisons() -> None:
    marked = [key for part in Part for key in keys_of(part)]
    assert len(set(marked)) == len(marked)
    assert set(Regime.model_fields) - set(marked) == {"validation_fraction"}  # read by early stopping alone
    assert keys_of(Part.REGULARISER, Part.SENSITIVITY) == {"l2", "l1", "dropout", "input_noise", "sensitivity"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("problem.l2=1e-2", 1e-2),
        ("problem.l2 = 1", 1.0),
        ("problem.hidden=[4, 3]", (4, 3)),
        ('run.device="cpu"', "cpu"),
        ("measure.input_bounds=[0, 1]", (0.0, 1.0)),
        ("measure.epsilon=[[0.1, 0.2, 0.1, 0.3], 0.3]", ((0.1, 0.2, 0.1, 0.3), 0.3)),
    ],
)
def test_override(setting: str, value: object) -> None:
    table, key = setting.partition("=")[0].strip().split(".")
    config = RunConfig.from_text(IRIS).override([setting])
    assert getattr(getattr(config, table), key) == value


def test_later_overrides_win_and_the_original_stays() -> None:
    config = RunConfig.from_text(IRIS)
    assert config.override(["run.seed=1", "run.seed=2"]).run.seed == 2
    assert config.run.seed == 0


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("problem.l2", "expected TABLE.KEY=VALUE"),
        ("problem.l2=", "expected TABLE.KEY=VALUE"),
        ("l2=1", "expected TABLE.KEY=VALUE"),
        ("problem.dataset=two words", 'problem.dataset="two words"'),
        ("problem.l2=1\nseed=3", "expected one value"),
        ("problm.l2=1", r"\[problm\] is unknown; did you mean 'problem'"),
        ("problem.l3=1", r"\[problem\] l3 is unknown; did you mean 'l2'"),
        ("problem.l2=-1", "--set: .*found -1"),
        ("measure.input_bounds=[1.0, 0.0]", r"\[low, high\] with low < high, or \[\] for no bounds"),
        ("measure.input_bounds=[1.0]", r"\[low, high\] with low < high, or \[\] for no bounds"),
    ],
)
def test_a_mistaken_override_is_one_line(setting: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        RunConfig.from_text(IRIS).override([setting])
    assert "\n" not in str(caught.value)


def test_the_problem_table_alone() -> None:
    config = RunConfig.from_text(IRIS).override(["problem.l2=1e-5", "run.seed=7"])
    text = config.to_toml("problem")
    assert list(tomllib.loads(text)) == ["problem"]
    assert RunConfig.from_text(text).problem == config.problem


def test_every_field_is_described() -> None:
    tables = [field.annotation for field in RunConfig.model_fields.values()]
    for table in tables:
        assert isinstance(table, type)
        assert issubclass(table, Table)
        assert [name for name, field in table.model_fields.items() if not field.description] == []


positive = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
count = st.integers(1, 2**63 - 1)
words = st.text(st.characters(codec="utf-8"), max_size=20)
paths = words.map(lambda stem: stem + ".csv")


@st.composite
def run_configs(draw: st.DrawFn) -> RunConfig:
    return RunConfig.from_table(
        {
            "problem": {
                "dataset": draw(st.sampled_from(DATASETS) | paths),
                "standardise": draw(st.booleans()),
                "classes": draw(st.just(()) | st.lists(words, min_size=2, unique=True)),
                "hidden": draw(st.lists(count, min_size=1)),
                "l2": draw(st.floats(0, allow_nan=False, allow_infinity=False)),
            },
            "basin_hopping": {"step": draw(positive), "start_scales": draw(st.lists(positive, min_size=1))},
            "connect": {"strategies": draw(st.lists(st.text(), min_size=1, unique=True))},
            "identity": {"energy_tolerance": draw(positive)},
            "measure": {"epsilon": draw(st.lists(st.lists(positive, min_size=1), min_size=1))},
            "run": {"seed": draw(st.integers(0, 2**63 - 1)), "device": draw(st.sampled_from(["auto", "cuda:3"]))},
        }
    )


@given(run_configs())
def test_the_text_of_a_configuration_reads_back_as_the_same(config: RunConfig) -> None:
    text = config.to_toml()
    assert RunConfig.from_text(text) == config
    assert RunConfig.from_text(text).to_toml() == text


TRAIN = """
[problem]
dataset = "xor"
[train]
epochs = 3
l2 = 0.1
[train.regimes.plain]
l2 = 0.0
[train.regimes.attacked]
adversarial = "fgsm"
[train.evaluations.all]
regime = "plain"
ensemble = true
"""


def test_a_regime_has_the_keys_of_train_but_for_its_own() -> None:
    config = RunConfig.from_text(TRAIN)
    assert RunConfig.from_text(config.to_toml()) == config
    plain, attacked = config.train.members.values()
    assert (plain.epochs, plain.l2, plain.adversarial) == (3, 0.0, "none")
    assert (attacked.epochs, attacked.l2, attacked.adversarial) == (3, 0.1, "fgsm")
    changed = config.override(["train.epochs=5", "train.regimes.attacked.l2=0.2", "train.regimes.new.l1=0.3"]).train
    assert [regime.epochs for regime in changed.members.values()] == [5, 5, 5]
    assert [regime.l2 for regime in changed.members.values()] == [0.0, 0.2, 0.1]
    assert list(RunConfig.from_text('[problem]\ndataset = "xor"').train.members) == ["plain"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train.regimes.l2]\nl3 = 0.1", "[train.regimes.l2] l3 is unknown; did you mean 'l2'?"),
        ("[train.regimes.l2]\nl2 = -0.1", "[train.regimes.l2] l2: expected a number not less than 0, found -0.1"),
        ("[train.regimes]\nl2 = 0.1", "[train.regimes.l2]: expected a table, found 0.1"),
        ("[train]\nregimes = 0.1", "[train.regimes]: expected a table of tables, found 0.1"),
        ('[train.regimes."l 2"]', "[train]: expected names of a letter, then letters, digits and _+-, found 'l 2'"),
        ("[train.evaluations.e]\nensemble = true", "[train.evaluations.e] regime is missing"),
        ("[train]\nearly_stopping = 1\nvalidation_fraction = 0.0", "expected validation_fraction > 0 with"),
    ],
)
def test_a_mistake_in_a_regime_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RunConfig.from_text(f'[problem]\ndataset = "xor"\n{text}')
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f_a:K=1", "K: expected a number not less than 2, found 1"),
        ("f_a:delta=-0.1", "delta: expected a number not less than 0, found -0.1"),
        ("f_a:a=2.0", "a: expected a number not greater than 1, found 2.0"),
        ("f_a:jitter=1.0", "jitter: expected a number less than 1, found 1.0"),
        ("f_a:dleta=0.1", "dleta is unknown; did you mean 'delta'?"),
        ("f_a:K", "expected options KEY=VALUE with commas between, as in f_a:K=6,delta=0.25"),
        ("ljat3:samples=10", "samples: expected a number not less than 100, found 10"),
        ("ljat3:Z=0.1", "Z: expected a number not less than 0.5, found 0.1"),
        ("ljat3:distances=4", "distances: expected a number not greater than 3, found 4"),
        ("ljat3:sample=200", "sample is unknown; did you mean 'samples'?"),
        ("ljat3:Z", "expected options KEY=VALUE with commas between, as in ljat3:samples=500,Z=2.0"),
    ],
)
def test_a_mistake_in_the_options_of_a_data_set_is_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        options_of(name)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
