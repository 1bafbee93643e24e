"""Radar, course, map and trade-off: what is drawn is what is in the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.errors import DataError, MissingExtraError, UsageError
from moodrec.evaluation.neighbourhood.report import BenchmarkReport, SystemReport
from moodrec.plots import make_scene, map_figure, radar_figure
from moodrec.plots.catalogue_map import catalogue_map
from moodrec.plots.map_titles import write_titles
from moodrec.plots.mood_course import mood_course
from moodrec.plots.mood_radar import mood_radar
from moodrec.plots.projection import project
from moodrec.plots.text import drawn_name
from moodrec.plots.trade_off import trade_off

MOODS = ("calm", "happy", "dark", "tense")


def frame(n: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    titles = {"title": [f"T {i}" for i in range(n)], "artist": [None] * n}
    return pd.DataFrame({**titles, **{mood: rng.random(n) for mood in MOODS}})


def test_a_radar_has_a_spoke_a_mood_and_an_outline_a_track(tmp_path: Path) -> None:
    tracks = frame()
    tracks.loc[1, "dark"] = np.nan
    figure = radar_figure(tracks, MOODS)
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(MOODS)
    outlines = [np.asarray(line.get_ydata()) for line in axes.lines]
    outlines = [outline for outline in outlines if len(outline) == len(MOODS) + 1]
    assert len(outlines) == 3
    np.testing.assert_allclose(outlines[0][:-1], tracks.loc[0, list(MOODS)].to_numpy(float))
    assert np.isnan(outlines[1][2])
    mood_radar(tracks, MOODS, tmp_path / "radar.png")
    assert (tmp_path / "radar.png").stat().st_size > 10_000
    for wrong, moods in (
        (tracks.head(0), MOODS),
        (frame(7), MOODS),
        (tracks, MOODS[:2]),
        (tracks, ("x", "y", "z")),
    ):
        with pytest.raises(DataError):
            radar_figure(wrong, moods)


def test_a_course_draws_the_moods_asked_for_first(tmp_path: Path) -> None:
    tracks = frame(12)
    tracks["calm"] = 0.5
    mood_course(tracks, MOODS, tmp_path / "course.svg", "Mine", always=["calm"])
    drawn = (tmp_path / "course.svg").read_text()
    assert "Mine" in drawn or "glyph" in drawn
    mood_course(frame(1), MOODS, tmp_path / "one.png")
    with pytest.raises(DataError, match="tracks and moods"):
        mood_course(frame(0), MOODS, tmp_path / "none.png")
    with pytest.raises(UsageError, match=r"\.png"):
        mood_course(tracks, MOODS, tmp_path / "course.gif")


@pytest.mark.slow
def test_umap_keeps_clusters_together_and_is_the_same_again() -> None:
    pytest.importorskip("umap.umap_", reason="needs the extra umap")
    rng = np.random.default_rng(0)
    cluster = np.repeat([0, 1], 30)
    vectors = np.eye(2)[cluster] @ rng.standard_normal((2, 8)) + 0.05 * rng.standard_normal((60, 8))
    points = project(vectors, "umap")
    np.testing.assert_array_equal(points, project(vectors, "umap"))
    centres = np.stack([points[cluster == i].mean(axis=0) for i in (0, 1)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, cluster)


def test_without_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(MissingExtraError, match=r"moodrec\[umap\]"):
        project(np.random.default_rng(0).random((9, 3)), "umap")
    with pytest.raises(UsageError, match="tsne"):
        project(np.random.default_rng(0).random((9, 3)), "tsne")  # type: ignore[arg-type]


def test_a_map_for_notebooks(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((9, 3))
    figure = map_figure(make_scene(vectors, frame(9), MOODS, colour_by="calm"))
    assert figure.axes
    catalogue_map(vectors, frame(9), MOODS, tmp_path / "map.png", colour_by="calm")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_a_trade_off_needs_moods(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no system"):
        trade_off(
            BenchmarkReport("x", 9, "a", 10, 0, {}, {"a": SystemReport({}, {}, 0.5, 0.0, ())}),
            tmp_path / "x.png",
        )


def test_an_untagged_track_is_called_by_its_file() -> None:
    names: dict[str, list[str | None]] = {
        "title": [None, " ", "T"],
        "path": ["/m/01 Dawn.flac", None, "/m/x.mp3"],
        "track_id": ["a", "b", "c"],
    }
    tracks = frame(3).drop(columns="title").join(pd.DataFrame(names))
    assert [drawn_name(row) for _, row in tracks.iterrows()] == ["01 Dawn", "b", "T"]
    assert drawn_name({}) == "untitled"
    legend = radar_figure(tracks, MOODS).axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["01 Dawn", "b", "T"]


def test_titles_stand_where_there_is_room() -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(0, 0.01, (30, 4)), rng.normal(3, 1, (10, 4))])
    figure = map_figure(make_scene(vectors, frame(40), MOODS))
    axes = figure.axes[0]
    before = len(axes.texts)
    written = write_titles(axes, make_scene(vectors, frame(40), MOODS), 12)
    assert 3 <= len(written) <= 12
    assert sum(row >= 30 for row in written) > len(written) / 2, "lone points come first"
    assert len(axes.texts) - before == len(written)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts[before:]]
    overlaps = sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert overlaps <= 1, "letters differ in width, and the room for them is estimated"


def test_titles_of_points_on_one_place() -> None:
    figure = map_figure(make_scene(np.ones((4, 3)), frame(4), MOODS), titles=10)
    assert len(figure.axes[0].texts) >= 1


def test_the_package_has_no_other_names() -> None:
    import moodrec.plots

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = moodrec.plots.nothing
