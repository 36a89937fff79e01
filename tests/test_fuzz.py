"""Some of the cases of `python -m tests.fuzz`."""

from pathlib import Path

from tests.fuzz.batches import outcomes_of
from tests.fuzz.cases import files, kinds

CASES = 30  # of each kind


def test_hostile_files_and_arguments_end_well_or_in_one_line(tmp_path: Path) -> None:
    files(tmp_path)
    found = list(outcomes_of([(kind, seed) for kind in kinds(tmp_path) for seed in range(CASES)]))
    faults = [one.story for one in found if one.is_fault]
    assert not faults, "\n\n".join(faults)
    assert {one.word for one in found} >= {"accepted", "refused"}
