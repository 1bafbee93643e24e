"""Colours, projection and text, each with a known answer.

Tests the inside of moodrec.plots.text on purpose.
"""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font
from sklearn.decomposition import PCA

from moodrec.errors import DataError
from moodrec.plots import text
from moodrec.plots.colours import affect_colours, oklch, score_colours
from moodrec.plots.projection import project


class TestColours:
    def test_oklch_of_known_colours(self) -> None:
        """White, black, and sRGB red, whose OKLCH is (0.628, 0.258, 29.23)."""
        np.testing.assert_allclose(oklch([1, 0], [0, 0], [0, 0]), [[1, 1, 1], [0, 0, 0]], atol=1e-5)
        np.testing.assert_allclose(oklch([0.62796], [0.25768], [29.234]), [[1, 0, 0]], atol=2e-3)

    @pytest.mark.parametrize(
        ("valence", "arousal", "hues"),
        [(1, 1, (30, 60)), (0, 1, (320, 375)), (0, 0, (200, 260)), (1, 0, (90, 170))],
    )
    def test_corners_are_yellow_red_blue_green(
        self, valence: float, arousal: float, hues: tuple[int, int]
    ) -> None:
        (rgb,) = affect_colours([valence], [arousal])
        hue = colorsys.rgb_to_hsv(*rgb)[0] * 360
        assert any(hues[0] <= h <= hues[1] for h in (hue, hue + 360))

    @given(st.floats(0, 1), st.floats(0, 1))
    def test_any_place_has_a_colour(self, valence: float, arousal: float) -> None:
        rgb = affect_colours([valence], [arousal])
        assert rgb.shape == (1, 3)
        assert ((rgb >= 0) & (rgb <= 1)).all()

    def test_the_middle_is_pale(self) -> None:
        (middle, edge) = affect_colours([0.5, 1], [0.5, 1])
        assert np.ptp(middle) < np.ptp(edge)

    def test_scores_go_from_light_to_dark(self) -> None:
        lightness = score_colours(np.linspace(0, 1, 11)) @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(lightness) < 0).all()


class TestProjection:
    @given(st.integers(3, 40), st.integers(2, 12), st.integers(0, 99))
    def test_agrees_with_scikit_learn_up_to_sign(self, n: int, d: int, seed: int) -> None:
        vectors = np.random.default_rng(seed).normal(size=(n, d)) * np.linspace(3, 1, d)
        mine, theirs = project(vectors), PCA(2, svd_solver="full").fit_transform(vectors)
        np.testing.assert_allclose(np.abs(mine), np.abs(theirs), atol=1e-8)

    def test_sign_does_not_depend_on_row_order(self) -> None:
        vectors = np.random.default_rng(0).normal(size=(30, 6))
        order = np.random.default_rng(1).permutation(30)
        np.testing.assert_allclose(project(vectors[order]), project(vectors)[order], atol=1e-9)

    def test_fewer_dimensions_than_axes(self) -> None:
        assert project([[3.0], [1.0]]).tolist() == [[1, 0], [-1, 0]]
        assert project([[3.0, 4.0]]).tolist() == [[0, 0]]

    @pytest.mark.parametrize("vectors", [np.zeros((0, 3)), np.zeros(3), [[np.inf, 1]]])
    def test_refuses(self, vectors: object) -> None:
        with pytest.raises(DataError, match="finite embeddings"):
            project(vectors)  # type: ignore[arg-type]


class TestText:
    @given(st.text())
    def test_every_character_can_be_drawn_on_one_line(self, title: str) -> None:
        covered = set()
        for name in text.font_families():
            covered |= set(FT2Font(str(text._font_file(name))).get_charmap())
        drawn = text.label(title, 20)
        assert {ord(c) for c in drawn.replace("\\$", "$")} <= covered
        assert len(drawn.replace("\\$", "$")) <= 20
        assert "\n" not in drawn

    def test_known(self) -> None:
        assert text.label("Música  para\tdormir") == "Música para dormir"
        assert text.label("$5") == "\\$5"
        assert text.label("🎵🎶 song") == "□ song"
        assert text.label(None) == ""
        assert text.label("abcdef", 4) == "abc…"
        assert text.label("a\u0301") == "á"
