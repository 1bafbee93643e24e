"""Tables for notebooks hold names as texts."""

from __future__ import annotations

import math
from xml.dom import minidom

import pytest

from moodrec.html import score_table
from tests.hostile_names import NAMES, STEERING


@pytest.mark.parametrize("name", NAMES.values())
def test_names_are_no_elements(name: str) -> None:
    text = score_table([name, "calm"], [{name: name, "calm": 0.5}, {"calm": math.nan}], ["calm"], name)
    assert not STEERING & set(text)
    document = minidom.parseString(text.encode())
    counts = [len(document.getElementsByTagName(tag)) for tag in ("caption", "th", "tr", "td", "span")]
    assert counts == [1, 2, 3, 4, 1]
