"""The script that draws curves over the temperature: its files and its messages."""

from pathlib import Path

from click.testing import CliRunner

from analysis.thermodynamics import main
from tests.analysis.synthetic import funnel, write_database


def test_the_picture_is_written(tmp_path: Path) -> None:
    source = write_database(tmp_path / "a.h5", funnel(30))
    output = tmp_path / "curves.svg"
    result = CliRunner().invoke(main, [str(source), "-o", str(output), "--robustness", "adversarial_loss"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{output}: 30 minima, harmonic up to T = ")
    assert "adversarial_loss@0.1, adversarial_loss@0.3" in result.output
    assert output.stat().st_size > 5_000


def test_an_unknown_robustness_is_refused_in_one_line(tmp_path: Path) -> None:
    source = write_database(tmp_path / "a.h5", funnel(30))
    result = CliRunner().invoke(main, [str(source), "-o", str(tmp_path / "a.svg"), "--robustness", "luck"])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "found 'luck': known are robust_accuracy and adversarial_loss" in result.output
