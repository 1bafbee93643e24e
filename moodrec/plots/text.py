"""Titles of real music are made fit to draw: they come in any script and length, with emoji and dollar signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from moodrec.names import name_of

if TYPE_CHECKING:
    import pandas as pd

MAIN_FONT: Final = "DejaVu Sans"
"""Font that comes with matplotlib, with Latin, Greek, Cyrillic, Arabic, Hebrew and more."""
OTHER_FONTS: Final = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "Noto Sans KR",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Hiragino Sans",
    "Arial Unicode MS",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Unifont",
)
"""Fonts that are tried in this order, where they are installed, for glyphs that the main font lacks."""
MISSING: Final = "\N{WHITE SQUARE}"
ELLIPSIS: Final = "…"
UNTITLED: Final = "untitled"


def label(text: str | None, limit: int = 40) -> str:
    """Make a text fit to draw: one line, without glyphs that no font has.

    A run of characters without a glyph becomes one box. Dollar signs are escaped, as they would start a formula.

    Args:
        text: the text; None is drawn as an empty one.
        limit: greatest number of characters.
    """
    clean = " ".join(unicodedata.normalize("NFC", text or "").split())
    drawn = "".join(_boxed(clean))
    short = drawn if len(drawn) <= limit else drawn[: limit - 1].rstrip() + ELLIPSIS
    return short.replace("$", r"\$")


def drawn_name(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Choose what a picture calls a track: by :func:`moodrec.names.name_of`, else ``untitled``."""
    return name_of(row) or UNTITLED


def font_families() -> list[str]:
    """List the fonts for text that came through :func:`label`, in the order they are tried."""
    return [MAIN_FONT, *(name for name in OTHER_FONTS if _font_file(name) is not None)]


def _boxed(text: str) -> list[str]:
    drawn: list[str] = []
    for character in text:
        if unicodedata.category(character)[0] == "C":
            continue
        if ord(character) in _covered():
            drawn.append(character)
        elif not drawn or drawn[-1] != MISSING:
            drawn.append(MISSING)
    return drawn


@cache
def _covered() -> frozenset[int]:
    """Collect the code points that the fonts of :func:`font_families` can draw."""
    files = [_font_file(name) for name in font_families()]
    return frozenset(
        point for file in files if file is not None for point in FT2Font(str(file)).get_charmap()
    )


@cache
def _font_file(name: str) -> Path | None:
    found = [entry.fname for entry in font_manager.fontManager.ttflist if entry.name == name]
    return Path(min(found)) if found else None
