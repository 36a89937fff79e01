"""The page in a browser without a network: plots, table and controls work together, in both themes and both widths."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landscape.report.images import attacked
from landscape.report.page import page_text
from landscape.thermodynamics.superposition import occupations
from tests.patience import patient
from tests.report.images.databases import image_database, threes_and_eights
from tests.report.pages import synthetic, synthetic_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
COUNT = 60
IMAGE_MINIMA = 12
WIDTHS = (390, 1400)
THEMES = ("light", "dark")

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright, which drives a browser, is missing")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to open the page in")

PLACE = """([plot, place, x, y]) => {
  const view = [...Bokeh.index].find((one) => one.model.name === plot);
  const source = [...Bokeh.documents[0].all_models].find((one) => one.name === "minima");
  const box = view.canvas_view.el.getBoundingClientRect();
  return [
    box.left + view.frame.x_scale.compute(source.data[x][place]),
    box.top + view.frame.y_scale.compute(source.data[y][place]),
  ];
}"""
"""Where a minimum is drawn in a plot, in the window."""
MODEL = "(name) => [...Bokeh.documents[0].all_models].find((one) => one.name === name)"


class Opened:
    """A page in a window, and what its console said."""

    def __init__(self, page: Any, said: list[str]) -> None:  # noqa: ANN401 - of an optional package
        self.page = page
        self.said = said

    def column(self, name: str, source: str = "minima") -> list[Any]:
        return list(self.page.evaluate(f"([source, name]) => [...({MODEL})(source).data[name]]", [source, name]))

    def shown(self, name: str) -> str:
        return str(self.page.evaluate("(name) => document.body.dataset[name]", name))

    def click_minimum(self, plot: str, place: int, x: str, y: str) -> None:
        self.page.locator(f"#{plot}").scroll_into_view_if_needed()
        self.page.mouse.click(*self.page.evaluate(PLACE, [plot, place, x, y]))

    def is_selected(self, row: int) -> None:
        """Wait until the minimum is selected on the page and in the table."""
        self.page.wait_for_function("(row) => document.body.dataset.minimum === String(row)", arg=row)
        cell = self.page.locator("#table .slick-cell.selected").first
        cell.wait_for()
        assert cell.inner_text() == str(row)


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(synthetic_page(COUNT), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def with_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page on `IMAGE_MINIMA` minima, of which the lowest ones and the ends of robustness have pictures."""
    problem = threes_and_eights()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attacked, "MOST_MINIMA", 3)
        patch.setattr(attacked, "ENDS", 3)
        text = page_text(image_database(problem, IMAGE_MINIMA, measured=True), problem)
    path = tmp_path_factory.mktemp("images") / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(browser: Any, written: Path) -> Iterator[Open]:  # noqa: ANN401 - of an optional package
    contexts = []

    def open_page(width: int = 1400, theme: str = "light", path: Path = written) -> Opened:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=theme, offline=True)
        context.set_default_timeout(patient(10) * 1000)
        contexts.append(context)
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: said.extend(_asked(request.url)))
        page.goto(path.as_uri())
        page.wait_for_function("document.body.dataset.ready")
        return Opened(page, said)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def one(opened: Open) -> Opened:
    """A page that several tests share; each chooses what it needs and puts controls back."""
    return opened()


def _asked(address: str) -> list[str]:
    """A complaint about an address outside the page."""
    return [] if address.startswith(("file:", "data:", "blob:")) else [f"error: asked for {address[:80]}"]


@functools.cache
def order() -> list[int]:
    energy = synthetic(COUNT).minima.energy
    return sorted(range(COUNT), key=lambda row: energy[row])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_the_page_opens_offline_without_errors_and_fits(opened: Open, width: int, theme: str) -> None:
    one = opened(width, theme)
    assert not [line for line in one.said if line.startswith(("error", "warning"))]
    assert one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    ink, paper = (one.page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    brightness = [sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) for colour in (ink, paper)]
    assert (brightness[0] < brightness[1]) == (theme == "light")
    axis = f"({MODEL})('tree').left[0].major_label_text_color"
    quiet = "getComputedStyle(document.documentElement).getPropertyValue('--quiet').trim()"
    assert one.page.evaluate(axis) == one.page.evaluate(quiet)


def test_a_change_of_theme_reaches_the_plots(one: Opened) -> None:
    before = one.page.evaluate(f"({MODEL})('tree').left[0].major_label_text_color")
    one.page.emulate_media(color_scheme="dark")
    one.page.wait_for_function(f"(before) => ({MODEL})('tree').left[0].major_label_text_color !== before", arg=before)
    one.page.emulate_media(color_scheme="light")


def test_a_click_in_tree_and_map_selects_in_all(one: Opened) -> None:
    rows = order()
    one.click_minimum("tree", 30, "tree_x", "tree_y")
    one.is_selected(rows[30])
    assert one.column("x", "chosen_in_map") == [one.column("map_x")[30]]
    one.click_minimum("map", 45, "map_x", "map_y")
    one.is_selected(rows[45])
    assert one.column("x", "chosen_in_tree") == [one.column("tree_x")[45]]


def test_a_row_of_the_table_selects_and_shows_its_way_out(one: Opened) -> None:
    rows = order()
    one.page.select_option("#minimum", "0")
    one.is_selected(rows[0])
    one.page.locator("#table .slick-cell.l0").get_by_text(str(rows[4]), exact=True).click()
    one.is_selected(rows[4])
    one.page.wait_for_function(
        "(row) => document.getElementById('facts-of-one').innerText.includes(row)", arg=str(rows[4])
    )
    way = one.page.locator("#way-text").inner_text()
    assert way.rstrip(".").endswith(str(rows[0]))
    steps = one.page.evaluate("document.querySelectorAll('#way tbody tr').length")
    assert f"{steps} step" in way
    assert len(one.column("x", "profile_minima")) == steps + 1
    assert len(one.column("xs", "way_in_tree")) >= 2


def test_controls_recolour_and_fade(one: Opened) -> None:
    before = one.column("colour"), one.column("colour", "inner")
    one.page.select_option("#family", "hessian_trace")
    assert one.shown("column") == "hessian_trace"
    assert one.column("colour") != before[0]
    traces = synthetic(COUNT).properties("minima")["hessian_trace"].values
    assert one.column("value") == pytest.approx(traces[order()], rel=1e-8)
    assert set(one.column("alpha")) == {1.0}
    one.page.check("#fade")
    one.page.locator("#temperature").fill("0")
    cold = one.column("alpha")
    assert (max(cold), cold.index(max(cold))) == (1.0, 0)
    assert min(cold) < 0.1
    one.page.locator("#temperature").fill("80")
    minima = synthetic(COUNT).minima
    temperature = one.column("x", "heat_mark")[0]
    occupied = occupations(minima.energy, minima.log_determinant, minima.log_orbit_size, temperature)[order()]
    expected = np.clip(1.0 + np.log10(occupied / occupied.max()) / 5.0, 0.0, 1.0)  # five decades, the rest is faint
    np.testing.assert_allclose(one.column("alpha"), 0.08 + 0.92 * expected, atol=1e-3)
    assert len(set(one.column("alpha"))) > len(set(cold))
    assert len(one.column("x", "heat_mark")) == 1
    one.page.uncheck("#fade")
    assert set(one.column("alpha")) == {1.0}


def test_keys_reach_the_minima_and_words_are_explained(one: Opened) -> None:
    rows = order()
    one.page.select_option("#minimum", "3")
    one.page.locator("#next").focus()
    one.page.keyboard.press("Enter")
    one.is_selected(rows[4])
    word = one.page.locator(".term").first
    word.focus()
    tip = one.page.locator("#tip")
    tip.wait_for(state="visible")
    assert tip.inner_text() == word.get_attribute("data-tip")


def test_a_cell_opens_the_scatter_of_its_pair(one: Opened) -> None:
    cell = one.page.locator(".cell[data-measure='hessian_largest']").last
    one.page.select_option("#matrix-epsilon", "0.3")
    cell.click()
    assert cell.get_attribute("aria-pressed") == "true"
    stored = synthetic(COUNT).properties("minima")
    assert one.column("scatter_x") == pytest.approx(stored["hessian_largest"].values[order()], rel=1e-8)
    robustness = str(cell.get_attribute("data-robustness")).partition("@")[0]
    assert one.column("scatter_y") == pytest.approx(stored[robustness].values[order(), 1], rel=1e-8)


def test_the_axis_of_order_shows_every_energy_one_step_apart(one: Opened) -> None:
    one.page.select_option("#axis", "order")
    heights = one.column("tree_y")
    assert heights == sorted(heights)
    assert all(float(height).is_integer() for height in heights)
    one.page.select_option("#axis", "energy")
    above = synthetic(COUNT).minima.energy[order()]
    assert one.column("tree_y") == pytest.approx(above - above[0])


def test_the_table_is_saved_as_csv(one: Opened) -> None:
    with one.page.expect_download() as saved:
        one.page.click("#csv")
    head, *lines = Path(saved.value.path()).read_text().splitlines()
    assert [int(line.split(",")[0]) for line in lines] == order()
    place = head.split(",").index("energy")
    energy = synthetic(COUNT).minima.energy
    assert [float(line.split(",")[place]) for line in lines] == energy[order()].tolist()


TILES = """() => [...document.querySelectorAll("#attacked .tile > :first-child")].map((one) =>
  [one.tagName, one.complete ? one.naturalWidth / one.naturalHeight : 0, one.getBoundingClientRect().width])"""
"""For each tile its element, the shape of the picture that it is cut from, and its width on the page."""


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1400, "light")])
def test_attacked_samples_follow_minimum_and_epsilon(opened: Open, with_images: Path, width: int, theme: str) -> None:
    one = opened(width, theme, with_images)
    facts = one.page.evaluate("JSON.parse(document.getElementById('facts').textContent).attacked")
    assert one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    (least,), last = facts["least"], len(facts["epsilons"]) - 1
    one.page.click("#least-robust")
    one.is_selected(one.page.evaluate("JSON.parse(document.getElementById('facts').textContent).rows")[least])
    for index in (last, 0):
        one.page.select_option("#attacked-epsilon", str(index))
        assert f"at epsilon {facts['epsilons'][index]}" in one.page.locator("#attacked-text").inner_text()
        said = one.page.locator(
            "#attacked .tile:last-child .right, #attacked .tile:last-child .wrong"
        ).all_inner_texts()
        names = [facts["classes"][answer] for answer in facts["minima"][str(least)]["answers"][1 + index]]
        assert [words.removeprefix("answer ").removesuffix(", wrong") for words in said] == names
    one.page.wait_for_function(f"({TILES})().every(([, shape]) => shape > 0)")
    assert one.page.evaluate(TILES) == [["IMG", len(facts["rows"]), 98]] * (3 * len(facts["rows"]))  # 96 and its border
    one.page.select_option("#family", "pgd_accuracy")
    one.page.select_option("#part", "pgd_accuracy@0.4")
    assert one.page.locator("#attacked-epsilon").input_value() == str(facts["epsilons"].index(0.4))
    bare = next(place for place in range(IMAGE_MINIMA) if str(place) not in facts["minima"])
    one.page.select_option("#minimum", str(bare))
    assert one.page.locator("#attacked-text").inner_text().startswith("There are no pictures of minimum ")
    assert one.page.locator("#attacked .blank").count() == 2 * len(facts["rows"])
    assert not [line for line in one.said if line.startswith("error")]  # plots without states are warned about
