"""Figures of widths: panels show the columns of the table, and their texts do not lie on each other."""

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from landscape.plots.figures import STYLE
from landscape.plots.width_figures import Row, draw_layers, draw_widths, is_grid, is_sweep
from tests.plots.layout_facts import faults

INPUTS, CLASSES = 4, 3


def landscape(folder: str, units: int, *, layers: int = 1, samples: int = 75, barriers: bool = True) -> Row:
    """A landscape whose numbers are known functions of its size."""
    parameters = (INPUTS + 1) * units + (layers - 1) * (units + 1) * units + CLASSES * (units + 1)
    unknown = float("nan")
    return {
        "folder": folder,
        "dataset": f"data of {folder.partition('-')[0]}",
        "l2": 1e-3,
        "layers": layers,
        "units": units,
        "parameters": parameters,
        "samples": samples,
        "quenches": 640,
        "met": 2 * units * layers,
        "chao1": 3.0 * units * layers,
        "chao1_high": 9.0 * units * layers,
        "lowest_energy": 0.2 / units,
        "spread": 0.01 / units,
        "test_loss": 0.5 + 0.1 * units,
        "test_loss_least": 0.4,
        "test_loss_median": 0.9,
        "test_loss_largest": 4.0,
        "train_loss": 0.1 / units,
        "barrier": 0.02 * samples if barriers else unknown,
        "depth": 0.01 if barriers else unknown,
        "escape_of_lowest": 0.03 if barriers else unknown,
    }


def sweep(folder: str, widths: range) -> list[Row]:
    return [landscape(folder, units, barriers=units % 2 == 0) for units in widths]


def grid() -> list[Row]:
    return [landscape(f"layers-{n}", 4, layers=k, samples=n) for n in (300, 30, 100) for k in (3, 1, 2)]


def drawn(figure: Figure, panel: int, label: str) -> tuple[np.ndarray, np.ndarray]:
    """The horizontal and vertical values of the line with a label."""
    (line,) = [line for line in figure.axes[panel].lines if line.get_label() == label]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_panels_show_the_columns_by_rising_width() -> None:
    figure = draw_widths(sweep("iris", range(20, 0, -1)))
    assert len(figure.axes) == 4
    units = np.arange(1.0, 21.0)
    for panel, label, values in (
        (0, "met by quenches", 2.0 * units),
        (1, "lowest minimum", 0.2 / units),
        (1, "highest above the lowest", 0.01 / units),
        (2, "lowest minimum", 0.5 + 0.1 * units),
        (1, "training loss in it", 0.1 / units),
    ):
        x, y = drawn(figure, panel, label)
        np.testing.assert_array_equal(x, units)
        np.testing.assert_allclose(y, values)
    x, y = drawn(figure, 3, "climb to the lowest, median")
    np.testing.assert_array_equal(x, np.arange(2.0, 21.0, 2.0))
    np.testing.assert_allclose(y, 1.5)
    (band,) = [one for one in figure.axes[2].collections if one.get_label() == "all minima"]
    extent = band.get_paths()[0].get_extents()
    assert (extent.y0, extent.y1) == (0.4, 4.0)


def test_the_threshold_is_the_width_with_as_many_parameters_as_samples() -> None:
    figure = draw_widths(sweep("iris", range(1, 21)))
    x, _ = drawn(figure, 0, "parameters = samples")
    np.testing.assert_allclose(x, (75.0 - CLASSES) / (INPUTS + 1 + CLASSES))
    few = draw_widths(sweep("iris", range(1, 5)))
    assert "parameters = samples" not in [line.get_label() for line in few.axes[0].lines]


def test_layers_are_lines_over_samples() -> None:
    figure = draw_layers(grid())
    for layers, label in ((1, "1 hidden layer"), (3, "3 hidden layers")):
        x, y = drawn(figure, 0, label)
        np.testing.assert_array_equal(x, [30.0, 100.0, 300.0])
        np.testing.assert_array_equal(y, 8.0 * layers)
        np.testing.assert_allclose(drawn(figure, 3, label)[1], 2.0 * x)


def test_what_has_figures() -> None:
    assert is_sweep(sweep("iris", range(1, 4)))
    assert not is_sweep(sweep("iris", range(1, 3)))
    assert not is_sweep(grid())
    assert is_grid(grid())
    assert not is_grid(sweep("iris", range(1, 21)))


def test_the_layout_has_no_faults() -> None:
    rows = [row for number in range(2) for row in sweep(f"mnist {number}", range(1, 21))]
    with matplotlib.style.context(STYLE):
        assert faults(draw_widths(rows)) == []
        assert faults(draw_layers([{**row, "l2": l2} for row in grid() for l2 in (1e-3, 1e-4)])) == []
