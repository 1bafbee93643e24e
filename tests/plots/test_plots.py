"""Pictures: every kind is drawn from awkward input, whole, repeatable, without warnings or global state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from moodrec.errors import DataError, UsageError
from moodrec.evaluation.evaluate import BootstrapOptions, evaluate
from moodrec.evaluation.scored import scored_arrays
from moodrec.metrics.calibration import reliability
from moodrec.plots.canvas import new_figure, save_figure
from moodrec.plots.catalogue_map import catalogue_map, spread
from moodrec.plots.curves import pr_curves
from moodrec.plots.demo_picture import demo_picture
from moodrec.plots.mood_profile import mood_profile
from moodrec.plots.reliability import Panel, reliability_curve, reliability_grid

MOODS = ("calm", "happy", "dark")
AWKWARD = [
    "最好的結局",
    "$5 and $6",
    "a_b^c {\\frac}",
    "🎵🎶",
    "",
    None,
    "שלום",
    "x" * 300,
    "two\nlines",
    "\x07bell",
    "%s %d",
    "_x",
]


def catalogue(n: int = 24, affect: bool = True) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.random((n, 5)), columns=[*MOODS, "valence", "arousal"])
    frame["title"] = [AWKWARD[i % len(AWKWARD)] for i in range(n)]
    frame["artist"] = [AWKWARD[(i * 5 + 1) % len(AWKWARD)] for i in range(n)]
    return rng.normal(size=(n, 8)), frame if affect else frame.drop(columns=["valence", "arousal"])


def pixels(path: Path) -> np.ndarray:
    return np.asarray(matplotlib.image.imread(path))


def is_drawn(path: Path) -> bool:
    """More than paper: several colours, and nothing cut off at the right edge."""
    image = pixels(path)[..., :3]
    sample = image[::5, ::5].reshape(-1, 3)
    return bool(len(np.unique(sample, axis=0)) > 20 and (image[:, -3:] == 1).all())


@pytest.mark.parametrize("affect", [True, False])
def test_demo_picture_of_awkward_titles(tmp_path: Path, affect: bool) -> None:
    embeddings, frame = catalogue(affect=affect)
    out = tmp_path / "new/demo.png"
    demo_picture(
        embeddings, frame, MOODS, 0, list(range(1, 12)), out, condition="calm >= 0.6 AND title <> '$'"
    )
    assert is_drawn(out)
    assert pixels(out).shape[:2] == (1200, 2100)
    assert [path.name for path in out.parent.iterdir()] == ["demo.png"]


def test_same_picture_every_time(tmp_path: Path) -> None:
    embeddings, frame = catalogue()
    for name in ("a.png", "b.png"):
        demo_picture(embeddings, frame, MOODS, 0, [1, 2], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("neighbours", [[], [5]])
def test_few_neighbours(tmp_path: Path, neighbours: list[int]) -> None:
    embeddings, frame = catalogue()
    demo_picture(embeddings, frame, MOODS, 0, neighbours, tmp_path / "demo.png")
    assert is_drawn(tmp_path / "demo.png")


@pytest.mark.parametrize("n", [1, 2, 3, 3000])
def test_maps_of_any_size(tmp_path: Path, n: int) -> None:
    embeddings, frame = catalogue(n)
    catalogue_map(embeddings, frame, MOODS, tmp_path / "map.png", 0, range(1, min(n, 6)), colour_by="calm")
    assert is_drawn(tmp_path / "map.png")


def test_map_without_a_seed_and_with_unknown_moods(tmp_path: Path) -> None:
    embeddings, frame = catalogue()
    frame.loc[3, ["calm", "valence"]] = np.nan
    catalogue_map(embeddings, frame, MOODS, tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text().lstrip().startswith("<?xml")


def test_tracks_in_one_place(tmp_path: Path) -> None:
    _, frame = catalogue()
    catalogue_map(np.ones((24, 8)), frame, MOODS, tmp_path / "map.png", 0, [1, 2, 3])
    assert (tmp_path / "map.png").stat().st_size > 0


def test_profile(tmp_path: Path) -> None:
    _, frame = catalogue()
    frame.loc[0, "calm"] = np.nan
    mood_profile(frame, MOODS, 0, [1, 2, 3], tmp_path / "profile.pdf")
    assert (tmp_path / "profile.pdf").read_bytes().startswith(b"%PDF")


def test_a_longer_bar_for_a_stronger_mood(tmp_path: Path) -> None:
    """The seed's bar grows with its score: counted in pixels of the bar's colour."""
    widths = []
    for score in (0.2, 0.4, 0.8):
        mood_profile(pd.DataFrame({"calm": [score]}), ["calm"], 0, [], tmp_path / "p.png")
        image = np.round(pixels(tmp_path / "p.png")[..., :3] * 255).astype(int)
        widths.append(int((np.abs(image - [0x9D, 0xBF, 0xDC]).sum(axis=-1) < 6).sum()))
    np.testing.assert_allclose(np.array(widths) / widths[0], [1, 2, 4], rtol=0.05)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"moods": ["angry"]}, DataError, "no column angry"),
        ({"colour_by": "angry"}, DataError, "no column angry"),
        ({"seed": 24}, UsageError, r"rows must be in 0\.\.23"),
        ({"neighbours": [-1]}, UsageError, r"rows must be in 0\.\.23"),
        ({"embeddings": np.zeros((3, 2))}, DataError, "3 embeddings for 24 tracks"),
        ({"embeddings": np.full((24, 2), np.nan)}, DataError, "finite embeddings"),
        ({"out": Path("x.gif")}, UsageError, r"written as \.png, \.svg, \.pdf"),
    ],
)
def test_refuses(tmp_path: Path, change: dict[str, object], error: type[Exception], message: str) -> None:
    embeddings, frame = catalogue()
    given: dict[str, object] = {
        "embeddings": embeddings,
        "frame": frame,
        "moods": MOODS,
        "seed": 0,
        "neighbours": [1],
    }
    with pytest.raises(error, match=message):
        demo_picture(**{"out": tmp_path / "x.png", **given, **change})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_profile_refuses(tmp_path: Path) -> None:
    _, frame = catalogue()
    for moods, seed, message in (
        ((), 0, "no moods"),
        (("x",), 0, "no column x"),
        (MOODS, 99, "rows must be in"),
    ):
        with pytest.raises((DataError, UsageError), match=message):
            mood_profile(frame, moods, seed, [], tmp_path / "p.png")


def test_a_picture_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "p.png"
    out.write_text("old")
    figure = new_figure(2, 2)
    figure.text(0.5, 0.5, r"$\nonsense$")
    with pytest.raises(ValueError, match="nonsense"):
        save_figure(figure, out)
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("n_tags", [1, 62])
def test_pr_curves_of_one_tag_and_of_many(tmp_path: Path, n_tags: int) -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((80, n_tags)) < 0.3).astype(float)
    labels[0] = np.nan
    scored = scored_arrays(labels, rng.random((80, n_tags)), [f"set:$tag {i}" for i in range(n_tags)])
    report = evaluate(scored, BootstrapOptions(n_resamples=5))
    pr_curves(scored, report, tmp_path / "pr.png")
    assert is_drawn(tmp_path / "pr.png")


def test_reliability_curve(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(500) * 0.1
    reliability_curve(predicted, rng.random(500) < predicted, tmp_path / "r.png", "calm $x$ 最")
    assert is_drawn(tmp_path / "r.png")


@pytest.mark.parametrize("n", [1, 6])
def test_reliability_grid(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.random(300)
    labels = rng.random(300) < predicted**2
    panel = Panel("calm $x$ 最", reliability(predicted, labels), reliability(predicted**2, labels))
    reliability_grid([panel] * n, tmp_path / "r.png")
    assert is_drawn(tmp_path / "r.png")
    with pytest.raises(UsageError, match="no moods"):
        reliability_grid([], tmp_path / "none.png")


def test_labels_are_spread_so_that_all_can_be_read() -> None:
    crowded = np.random.default_rng(0).normal(size=(9, 2)) * 4
    labels = spread(crowded, gap=17.0)
    distance = np.hypot(*np.moveaxis(labels[:, None] - np.vstack([labels, crowded])[None], -1, 0))
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 12
    assert np.abs(labels - crowded[:-1]).max() < 90
    np.testing.assert_array_equal(labels, spread(crowded, gap=17.0))
    assert spread(crowded[:1]).shape == (0, 2)


def test_nothing_touches_matplotlib_globals(tmp_path: Path) -> None:
    """A picture is drawn without importing pyplot, and leaves the user's settings alone."""
    program = f"""
import sys, matplotlib, numpy as np, pandas as pd
before = matplotlib.rcParams.copy()
from moodrec.plots.mood_profile import mood_profile
from pathlib import Path
mood_profile(pd.DataFrame({{"calm": [0.5]}}), ["calm"], 0, [], Path({str(tmp_path / "p.png")!r}))
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.rcParams.copy() == before
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
