"""``moodrec label`` corrects moods: what people say of tracks, artists and albums is stored in the library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moodrec.arguments import brief
from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.library import open_library
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.library.labelling import NewLabels
    from moodrec.library.library import Library
    from moodrec.library.records import Labelled, LabelRecord

_SHOWN: Final = 5


def label(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRACK] MOOD=VALUE...", help="A track, and labels from 0 to 1, or none."),
    ] = None,
    artist: Annotated[
        str | None, typer.Option("--artist", metavar="NAME", help="Label all tracks of an artist.")
    ] = None,
    album: Annotated[
        str | None,
        typer.Option("--album", metavar="TITLE", help="Label all tracks of an album; --artist tells which."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Labels from a table; docs/cli.md has its columns."),
    ] = None,
    from_tags: Annotated[
        bool, typer.Option("--from-tags", help="Labels from the MOOD tags that the files have.")
    ] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Take back all labels of the track, artist or album.")
    ] = False,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who says so. Without it: your user name.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the labels that hold.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="List every label that was ever given, and who gave it.")
    ] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what the mood of a track is.

    A label counts more than what the model computed: it is the track's score from then on. It also moves the scores
    of the other tracks of its artist and album, where the model has learnt what labels are worth. Labels of an artist
    or album hold for all of their tracks. calm=none takes a label back, --take-back all of them.

    Examples:

        moodrec label "Teardrop" calm=1 happy=0

        moodrec label --artist "Massive Attack" dark=1

        moodrec label --album "Moon Safari" calm=none

        moodrec label --csv labels.csv --by Ann
    """
    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store:
        if listing or history:
            _refuse(bool(items or artist or album or table or from_tags or take_back), "--list")
            _list(screen, store.labels(history))
            return
        ways = [bool(items) or bool(artist) or bool(album), table is not None, from_tags]
        if sum(ways) != 1:
            raise UsageError(
                "give a track and its labels (moodrec label 'Teardrop' calm=1), or --artist, --album, "
                "--csv or --from-tags"
            )
        new = _new(screen, store, items or [], artist, album, take_back, table)
        done = _store(store, new, by)
    _report(screen, done)


def _new(
    screen: Screen,
    store: Library,
    items: list[str],
    artist: str | None,
    album: str | None,
    take_back: bool,
    table: Path | None,
) -> list[NewLabels]:
    from moodrec.catalog.label_files import labels_of_tags, read_label_table
    from moodrec.library.labelling import NewLabels

    moods = store.model().moods
    if not (items or artist or album):
        _refuse(take_back, "--take-back without a track, artist or album")
        if table is not None:
            return read_label_table(table, store, moods)
        with screen.progress("reading tags") as advance:
            found = labels_of_tags(store, moods, advance)
        for file in found.unread[:_SHOWN]:
            screen.warn(file.message)
        if found.unknown:
            named = ", ".join(f"{word} ({n})" for word, n in found.unknown.most_common(_SHOWN))
            screen.note(f"words of the tags that are no mood of the model: {named}")
        return list(found.labels)
    whole = artist is not None or album is not None
    values = items if whole else items[1:]
    labels = None if take_back else _values(values)
    _refuse(take_back and bool(values), "--take-back beside labels")
    if whole:
        return [NewLabels(labels, artist=artist, album=album)]
    from moodrec.catalog.seeds import resolve_seed

    return [NewLabels(labels, track=resolve_seed(store.frame(), items[0]))]


def _values(items: list[str]) -> dict[str, float | None]:
    from moodrec.catalog.label_files import parse_label

    found: dict[str, float | None] = {}
    for item in items:
        mood, equals, value = item.partition("=")
        if not equals or mood.strip() in found:
            raise UsageError(
                f"{brief(item)}: write labels as MOOD=VALUE, each mood once, such as calm=1 happy=0"
            )
        found[mood.strip()] = parse_label(value)
    return found


def _store(store: Library, new: list[NewLabels], by: str | None) -> Labelled:
    from moodrec.catalog.refresh import refresh_scores

    with store.writer():
        before = store.revision
        done = store.label_all(new, by)
        if done.written:
            refresh_scores(store, done.tracks, before)
    return done


def _report(screen: Screen, done: Labelled) -> None:
    screen.document(
        {
            "written": [document(one) for one in done.written],
            "count": len(done.written),
            "tracks": done.tracks,
        }
    )
    for one in done.written[:_SHOWN]:
        screen.text(f"{one.name}: {_shown(one)}")
    if (more := len(done.written) - _SHOWN) > 0:
        screen.text(f"and {words.plural(more, 'label')} more")
    if not done.written:
        screen.text("nothing new: the library has these labels already")


def _list(screen: Screen, labels: list[LabelRecord]) -> None:
    screen.document({"count": len(labels), "labels": [document(one) for one in labels]})
    screen.table(
        ["what", "name", "label", "by", "when"],
        [[one.kind, one.name, _shown(one), one.given_by, one.given_at] for one in labels],
    )
    screen.note(words.plural(len(labels), "label"))


def document(one: LabelRecord) -> dict[str, Any]:
    """Make the JSON document of a label."""
    return asdict(one)


def _shown(one: LabelRecord) -> str:
    return f"{one.mood}=none" if one.value is None else f"{one.mood}={one.value:g}"


def _refuse(wrong: bool, what: str) -> None:
    if wrong:
        raise UsageError(f"{what} does not go together with the rest (see moodrec label --help)")
