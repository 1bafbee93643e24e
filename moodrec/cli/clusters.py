"""``moodrec playlist clusters``: the moods that a library falls into, each as a playlist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import ColumnsOption, FormatOption, JsonOption, LibraryOption, QuietOption, to_disk
from moodrec.cli.playlist import start_on
from moodrec.cli.playlist_options import (
    AbsoluteOption,
    CapOption,
    GapOption,
    NOption,
    Outputs,
    RandomOption,
    playlist_document,
    print_clusters,
    print_playlist,
    rules_of,
)
from moodrec.cli.search_options import SELECTING, takes_search_options

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions


@takes_search_options(*SELECTING)
def clusters(
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many moods to part the library into.")] = 6,
    n: NOption = None,
    *,
    options: SearchOptions,
    artist_gap: GapOption = 3,
    max_per_artist: CapOption = None,
    random_seed: RandomOption = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", callback=to_disk, help="Write a file a cluster into a folder."
        ),
    ] = None,
    file_format: Annotated[
        Literal["m3u8", "xspf", "jspf"], typer.Option("--file-format", help="Of the files in --out.")
    ] = "m3u8",
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    columns: ColumnsOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The moods that a library falls into, each as a playlist.

    Example: moodrec playlist clusters --k 5 --out moods/
    """
    from moodrec.recommend.playlists.clusters import mood_clusters

    screen, recommender = start_on(library, Screen(as_json, quiet, form, columns), options)
    rules = rules_of(n, None, artist_gap, max_per_artist, 0.0, random_seed)
    found = mood_clusters(recommender, k, rules, options=options)
    for number, cluster in enumerate(found, start=1):
        if out is not None:
            place = out / f"{number} {cluster.name}.{file_format}"
            Outputs((place,), absolute, None).write(screen, cluster.playlist)
    documents = [
        {"name": c.name, "size": c.size, "share": c.share, "centre": c.centre}
        | {"playlist": playlist_document(screen, recommender, c.playlist)}
        for c in found
    ]
    screen.document({"clusters": documents})
    if not screen.for_people:
        print_clusters(screen, found)
        return
    for cluster in found:
        screen.text(
            f"{cluster.name}: {words.plural(cluster.size, 'track')}, {cluster.share:.0%} of the library"
        )
        print_playlist(screen, cluster.playlist, cluster.name.split(", "))
