"""Some of the cases of `python -m tests.fuzz`."""

import subprocess
import sys
from pathlib import Path

CASES = 2000


def test_hostile_files_and_arguments_end_well_or_in_one_line() -> None:
    words, root = [sys.executable, "-m", "tests.fuzz", "--cases", str(CASES)], Path(__file__).parents[1]
    said = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "accepted" in said.stdout
    assert "refused" in said.stdout
