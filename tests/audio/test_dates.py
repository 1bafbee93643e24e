"""Years of dates as taggers, encoders and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodrec.audio.dates import is_plausible, plausible_year

DATES = {
    "1998": [
        "1998",
        "1998-05",
        "1998-05-01",
        "1998-05-01T12:30:00",
        "1998-05-01 12:30",
        "1998-05-01T00:00:00Z",
        "19/05/1998",
        "05/19/1998",
        "19.05.1998",
        "19-05-1998",
        "1.5.1998",
        "1998/05/01",
        "1998.05.01",
        "05/1998",
        "01051998",
        "21031998",
        "19121998",
        "05191998",
        "19980501",
        "199805",
        "051998",
        "980501",
        "19980501123000",
        "98-05-01",
        "01/05/98",
        "1.5.98",
        "98/5/1",
        "31-12-98",
        "12/31/98",
        "1 5 '98",
        "c. 1998",
        "ca 1998",
        "1998?",
        "[1998]",
        "(P) 1998",
        "℗ 1998",
        "©1998",
        "1998/1999",
        "1998-99",
        "May 1998",
        "19 May 1998",
        "May 19, 1998",
        "Sommer 1998",
        "1998年5月",
        " 1998 ",
        "1998.0",
        "1998-00-00",
        "１９９８",
        "١٩٩٨",
        "0000 1998",
        "00001998",
        "live, 1998",
        "recorded in 1998.",
    ],
    "2010": ["20102010", "10122010", "20.10.2010", "2010-20-10", "20101012"],
    "1785": ["1785", "1785-02-11"],
    "": [
        "",
        " ",
        "0000",
        "0000-00-00",
        "unknown",
        "98",
        "1",
        "19",
        "9999",
        "2999",
        "1399",
        "123",
        "12345",
        "7 inch",
        "01-02-03",
        "00000000",
        "1234567890",
        "99999999",
        "-",
        "????",
        "199",
        "88-88-88",
    ],
}


@pytest.mark.parametrize(("text", "year"), [(text, year) for year, texts in DATES.items() for text in texts])
def test_every_dialect(text: str, year: str) -> None:
    assert plausible_year(text) == (int(year) if year else None)


@given(st.dates())
def test_iso_dates_give_their_year(date: object) -> None:
    year = int(str(date)[:4])
    assert plausible_year(str(date)) == (year if is_plausible(year) else None)


@given(st.text(max_size=40))
def test_any_text_gives_a_plausible_year_or_none(text: str) -> None:
    year = plausible_year(text)
    assert year is None or is_plausible(year)
