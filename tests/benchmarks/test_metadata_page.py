"""The page on metadata is what its script makes of the stored cells."""

from __future__ import annotations

from benchmarks.multitask.metadata_page import CELLS, PAGE, TEMPLATE, gain, points, read_cells, render, table


def test_the_page_is_made_from_the_cells() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(read_cells(CELLS), TEMPLATE.read_text(encoding="utf-8"))


def test_points_and_gains() -> None:
    assert points({"value": 0.1077}) == "10.8"
    assert gain({"value": 0.03, "low": 0.01, "high": 0.05}) == "**+3.0 [+1.0, +5.0]**"
    assert gain({"value": -0.001, "low": -0.02, "high": 0.01}) == "-0.1 [-2.0, +1.0]"
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_every_cell_says_how_its_figures_came_about() -> None:
    cells = read_cells(CELLS)
    assert cells
    for name, report in cells.items():
        assert report["weights"], name
        assert (report["known_labels"] == "none") == name.endswith("/cold")
        gained = report["context"]["macro_ap"]["value"] - report["audio"]["macro_ap"]["value"]
        assert abs(report["difference"]["macro_ap"]["value"] - gained) < 1e-9, name
