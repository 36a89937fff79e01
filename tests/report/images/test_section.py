"""The section of a page: its words and facts, and the reason where there are no pictures."""

import numpy as np

from landscape.database.database import Database
from landscape.problems.problem import Problem
from landscape.report.data import page_data
from landscape.report.images.section import Section, attacked_section, class_names
from landscape.report.page import page_text
from tests.report.images.databases import image_database, threes_and_eights


def section(db: Database, problem: Problem) -> Section:
    found = attacked_section(db, page_data(db, problem.symmetry, 100), problem)
    assert found is not None
    return found


def test_the_section_names_samples_attack_and_minima() -> None:
    problem = threes_and_eights()
    db = image_database(problem, measured=True)
    found = section(db, problem)
    assert found.facts is not None
    lowest = problem.module(db.minima.parameters[db.minima.energy.argmin()])
    right = lowest(problem.inputs).argmax(1) == problem.targets
    assert right[found.facts["rows"]].all()
    assert found.samples[0] == f"3, sample {found.facts['rows'][0]}"
    assert found.facts["labels"] == [0, 0, 0, 1, 1, 1]
    assert found.facts["classes"] == ("3", "8")
    assert list(found.facts["minima"]) == [str(place) for place in range(len(db.minima))]
    accuracy = db.properties("minima")["pgd_accuracy"].values[np.argsort(db.minima.energy), 1]
    assert accuracy[found.facts["most"][0]] == accuracy.max()
    assert accuracy[found.facts["least"][0]] == accuracy.min()
    samples, attack, pictures = found.paragraphs
    assert samples.endswith("All minima of this page have pictures.")
    assert "5 steps from 2 starts, with the settings of the stored PGD accuracy" in attack
    assert "from black (0) to white (1)" in pictures
    assert "The inputs are standardised" in pictures
    assert "The inputs are standardised" not in section(*plain()).paragraphs[2]


def plain() -> tuple[Database, Problem]:
    problem = threes_and_eights(standardise=False)
    return image_database(problem), problem


def test_classes_have_the_names_of_the_run_file_or_of_the_images() -> None:
    for problem, expected in (
        (threes_and_eights(), ("3", "8")),
        (Problem(dataset="digits", hidden=[2]), tuple("0123456789")),
        (Problem(dataset="iris", hidden=[2]), ("0", "1", "2")),
    ):
        assert problem.config is not None
        assert class_names(problem.config, problem.network.n_outputs) == expected


def test_the_page_has_one_sentence_where_there_can_be_no_pictures() -> None:
    problem = threes_and_eights(image=[4, 4, 4])
    db = image_database(problem, 2)
    assert section(db, problem) == Section(refusal="expected images of 1 or 3 channels, found 4")
    page = page_text(db, problem)
    assert "There are no pictures of attacked samples: expected images of 1 or 3 channels, found 4." in page
    assert 'id="attacked"' not in page


def test_other_data_have_no_section() -> None:
    problem = Problem(dataset="iris", hidden=[2])
    db = image_database(problem, 2)
    assert attacked_section(db, page_data(db, problem.symmetry, 2), problem) is None
    assert "ttacked samples" not in page_text(db, problem).partition("<body>")[2].partition("<script")[0]
