"""Radar, course, map and trade-off: what is drawn is what is in the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moodrec.errors import DataError, MissingExtraError, UsageError
from moodrec.evaluation.neighbourhood.report import BenchmarkReport, SystemReport
from moodrec.plots.catalogue_map import catalogue_map, map_figure
from moodrec.plots.mood_course import mood_course
from moodrec.plots.mood_radar import mood_radar, radar_figure
from moodrec.plots.projection import project
from moodrec.plots.scene import make_scene
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
