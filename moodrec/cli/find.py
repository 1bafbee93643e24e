"""``moodrec find``: a search in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli.console import Screen
from moodrec.cli.options import (
    ColumnsOption,
    FormatOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    chosen_library,
)
from moodrec.cli.playlist_files import AbsoluteOption, M3uOption, write_list
from moodrec.cli.tracks import print_tracks, records, track_columns, track_documents

if TYPE_CHECKING:
    from moodrec.recommend.find.find import Answer
    from moodrec.recommend.recommender import Recommender


def find(
    text: Annotated[
        list[str],
        typer.Argument(metavar="WORDS...", help="Moods, genres, artists, decades; 'like' a track."),
    ],
    k: Annotated[
        int | None, typer.Option("--k", "-k", min=1, help="How many tracks; 20 unless the words say.")
    ] = None,
    m3u: M3uOption = None,
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find tracks by words.

    The words become a sentence of a seed, moods, conditions and limits, which is printed. Words that are not
    understood are told; nothing is guessed.

    Example: moodrec find "calm dreamy 90s jazz not sad, one per artist"
    """
    from moodrec.recommend.find.find import find as search
    from moodrec.recommend.find.find import understand
    from moodrec.recommend.recommender import Recommender

    screen = Screen(as_json, quiet, form, columns)
    recommender = Recommender.open(chosen_library(library))
    sentence = understand(recommender, " ".join(text))
    for part in sentence.parts:
        if part.kind == "unknown":
            screen.warn(f"not understood: {part.words}" + (f" ({part.meaning})" if part.meaning else ""))
    for words, tracks in sentence.matches.items():
        for track_id, description in tracks if sentence.seed is None else ():
            screen.note(f"{words} may mean {track_id}  {description}")
    found = search(recommender, sentence, k)
    if m3u is not None:
        frame = recommender.index.tracks(found.table["track_id"].to_pylist())
        write_list(screen, frame, m3u, sentence.words, absolute)
    _print(screen, recommender, found)


def _print(screen: Screen, recommender: Recommender, found: Answer) -> None:
    for note in recommender.notes:
        screen.warn(note)
    rows = records(found.table)
    first = ["rank", "score"] if found.ranked is not None else []
    shown = [*first, "title", "artist", "year", *found.sentence.moods]
    known = found.table.column_names
    columns = track_columns(known, recommender.moods, [name for name in shown if name in known])
    if screen.as_json:
        tracks = track_documents(screen, rows, recommender.moods, columns)
        screen.document(found.sentence.as_dict() | {"count": len(tracks), "tracks": tracks})
        return
    screen.text(found.sentence.words)
    print_tracks(screen, rows, columns)
    if found.ranked is not None and found.ranked.explanation.shortfall:
        screen.note(found.ranked.explanation.shortfall)
