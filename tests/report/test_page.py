"""The page as a file: it is whole, loads nothing, and no text of a database can break out of its place."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.report.glossary import GLOSSARY
from landscape.report.page import Seal, page_text
from landscape.report.resources import bokeh_scripts
from tests.analysis.synthetic import funnel, made_up_store, minima, transition_states
from tests.report.pages import COUNT, replaced_record, synthetic, synthetic_page
from tests.report.test_facts import HOSTILE

LOADING = {"src", "href", "srcset", "data", "poster", "action"}


class Elements(HTMLParser):
    """The elements of a page with their attributes, the texts of scripts by id, and the text that is read."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: dict[str, str] = {}
        self.read = ""
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        del tag
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            name = self.elements[-1][1].get("id", "")
            self.scripts[name] = self.scripts.get(name, "") + data
        elif self.inside != "style":
            self.read += data


@pytest.fixture(scope="module")
def page() -> str:
    return synthetic_page()


@pytest.fixture(scope="module")
def whole(page: str) -> Elements:
    return Elements(page)


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 5_000_000


def test_nothing_is_loaded(page: str, whole: Elements) -> None:
    targets = [value for _, attributes in whole.elements for name, value in attributes.items() if name in LOADING]
    assert all(target.startswith("#") for target in targets)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in whole.elements}
    own = page
    for text in bokeh_scripts():
        own = own.replace(text, "")
    assert not re.search(r"https?://|@import|url\(", own)
    (policy,) = [a["content"] for tag, a in whole.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")


def test_all_minima_are_in_it(whole: Elements) -> None:
    facts = json.loads(whole.scripts["facts"])
    assert sorted(facts["rows"]) == list(range(COUNT))
    assert f"All {COUNT} minima are shown." in whole.read
    drawn = json.loads(whole.scripts["document"])
    names = {root["attributes"]["name"] for root in drawn["roots"]}
    places = {attributes.get("id") for _, attributes in whole.elements}
    assert names == {"tree", "map", "table", "epsilon", "scatter", "heat", "profile"}
    assert names <= places


def test_data_that_are_no_images_have_no_attacked_samples(whole: Elements) -> None:
    assert json.loads(whole.scripts["facts"])["attacked"] is None
    assert "ttacked samples" not in whole.read
    assert "attacked" not in {attributes.get("id") for _, attributes in whole.elements}


def test_every_control_has_a_label_and_every_id_is_unique(whole: Elements) -> None:
    ids = [attributes["id"] for _, attributes in whole.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in whole.elements:
        for name in ("aria-labelledby", "for"):
            assert attributes.get(name, ids[0]) in ids


def test_words_are_explained_once(whole: Elements) -> None:
    terms = [a["data-tip"] for tag, a in whole.elements if tag == "abbr"]
    assert set(terms) <= set(GLOSSARY.values())
    assert {"minimum", "transition state", "superbasin", "basin-hopping"} <= GLOSSARY.keys()
    assert all(name in whole.read for name in GLOSSARY)


def test_a_page_without_harmonic_wells_says_the_reason() -> None:
    parameters, energy, pairs, ts_energy = funnel(5)
    flat = replace(minima(parameters, energy), lowest_eigenvalue=np.zeros(5))
    text = page_text(Database(made_up_store(None, flat, transition_states(pairs, ts_energy), ())), None)
    assert "There are no curves over temperature: expected positive Hessian eigenvalues at all minima, found 5" in text
    assert 'id="heat-text"' not in text


def test_names_cannot_break_out() -> None:
    text = json.dumps(HOSTILE)
    hostile = replaced_record(toml=f"dataset = {text}\nl2 = 0.1\n", run_toml=f"[problem]\ndataset = {text}\nl2 = 0.1\n")
    found = Elements(page_text(synthetic(12, problem=hostile), None, seal=Seal(points=3, faults=(HOSTILE,))))
    plain = Elements(page_text(synthetic(12), None, seal=Seal(points=3, faults=("minimum 1: off",))))
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in plain.elements]
    assert HOSTILE in found.read
    assert "1 fault in 3 points. The first: minimum 1: off" in plain.read
    assert "alert(1)" not in found.scripts[""]


def test_the_seal_says_what_was_verified() -> None:
    assert "all 48 stored points were computed again" in page_text(synthetic(12), None, seal=Seal(points=48, faults=()))


def test_sentences_say_what_is_known() -> None:
    read = Elements(page_text(synthetic(30), None)).read
    assert "Not verified in this page: run landscape verify" in read
    assert "30 minima and 90 transition states are known, 0 of them degenerate" in read
    assert "is not complete by its own criteria" in read
    assert "One landscape allows no inference" in read
    unmeasured = Elements(page_text(synthetic(30, measured=False), None, lowest=10)).read
    assert "No robustness was measured: run 'landscape measure'." in unmeasured
    assert "The 10 lowest of 30 minima are shown" in unmeasured


def test_a_landscape_of_one_minimum_has_a_page() -> None:
    below = minima(np.zeros((1, 2)), np.zeros(1))
    none = transition_states(np.empty((0, 2), dtype=np.int64), np.empty(0))
    db = Database(made_up_store(None, below, none, ()))
    assert json.loads(Elements(page_text(db, None)).scripts["facts"])["rows"] == [0]


def test_a_database_without_minima_is_refused() -> None:
    none = transition_states(np.empty((0, 2), dtype=np.int64), np.empty(0))
    db = Database(made_up_store(None, minima(np.empty((0, 2)), np.empty(0)), none, ()))
    with pytest.raises(PropertyError, match="expected minima to report, found none"):
        page_text(db, None)
