"""Options that the playlist commands share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import drawable
from moodrec.cli.playlist_files import AbsoluteOption as AbsoluteOption
from moodrec.cli.playlist_files import playlist_file, write_list
from moodrec.cli.tables import Column
from moodrec.cli.tracks import print_tracks, records, strongest, track_columns, track_documents

if TYPE_CHECKING:
    from moodrec.recommend.playlists.clusters import MoodCluster
    from moodrec.recommend.playlists.playlist import Playlist
    from moodrec.recommend.playlists.rules import Rules
    from moodrec.recommend.recommender import Recommender

NOption = Annotated[
    int | None,
    typer.Option("--n", "-n", min=1, help="Tracks, 25 by default; at most so many with --minutes."),
]
MinutesOption = Annotated[
    float | None, typer.Option("--minutes", help="Playing time; the last track is chosen to fit.")
]
GapOption = Annotated[
    int, typer.Option("--artist-gap", min=0, help="Tracks between two of one artist, at least.")
]
CapOption = Annotated[
    int | None, typer.Option("--max-per-artist", min=1, help="At most so many by one artist.")
]
VarietyOption = Annotated[
    float,
    typer.Option("--variety", min=0, max=1, help="0: always what fits best; 1: freely among what fits."),
]
RandomOption = Annotated[
    int, typer.Option("--random-seed", min=0, help="Of the draw: the same one gives the same list.")
]
OutOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--out", "-o", metavar="FILE", callback=playlist_file, help="Write .m3u8, .xspf or .jspf; repeatable."
    ),
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", callback=drawable, help="Draw the moods over the list (.png, .svg)."
    ),
]


@dataclass(frozen=True)
class Outputs:
    """Where a playlist goes beside the screen."""

    out: tuple[Path, ...]
    absolute: bool
    plot: Path | None

    def write(self, screen: Screen, playlist: Playlist, moods: Sequence[str] = ()) -> None:
        """Write the files that are asked for, and say so.

        Args:
            screen: where it is said.
            playlist: what is written.
            moods: those that the picture shows; none chooses them.
        """
        for place in self.out:
            write_list(screen, playlist.tracks, place, playlist.title, self.absolute)
        if self.plot is not None:
            from moodrec.plots.mood_course import mood_course

            mood_course(playlist.tracks, playlist.moods, self.plot, playlist.title, moods)
            screen.note(f"picture drawn to {self.plot}")


def rules_of(
    n: int | None,
    minutes: float | None,
    gap: int,
    cap: int | None,
    variety: float = 0.0,
    random_seed: int = 0,
) -> Rules:
    """The rules that the options of a command ask for.

    Args:
        n: number of tracks.
        minutes: playing time.
        gap: tracks between two of one artist.
        cap: tracks of one artist.
        variety: in [0, 1].
        random_seed: of the draw.

    Raises:
        UsageError: a number is out of range.
    """
    from moodrec.recommend.playlists.rules import Rules

    return Rules(
        n=n,
        minutes=minutes,
        artist_gap=gap,
        max_per_artist=cap,
        variety=variety,
        random_seed=random_seed,
    )


def finish(
    screen: Screen, recommender: Recommender, playlist: Playlist, outputs: Outputs, moods: list[str]
) -> None:
    """Write the files of a playlist, then print it.

    Args:
        screen: where it is printed.
        recommender: that it comes from.
        playlist: the playlist.
        outputs: the files.
        moods: columns of the table; none shows the strongest of the first track.
    """
    outputs.write(screen, playlist, moods)
    for note in playlist.notes:
        screen.warn(note)
    # Last, so that stdout stays one JSON document if a file cannot be written.
    screen.document(playlist_document(screen, recommender, playlist, moods))
    print_playlist(screen, playlist, moods)
    if playlist.report:
        screen.note(playlist.report)


def print_playlist(screen: Screen, playlist: Playlist, moods: list[str]) -> None:
    """Print a playlist as a table.

    Args:
        screen: where it is printed.
        playlist: the playlist.
        moods: columns of the table; none shows the strongest of the first track.
    """
    rows = records(playlist.tracks)
    time = f", {words.seconds(playlist.seconds)}" if playlist.seconds is not None else ""
    screen.text(f"{playlist.title} ({words.plural(len(rows), 'track')}{time})")
    print_tracks(screen, rows, playlist_columns(playlist, moods))


def playlist_columns(playlist: Playlist, moods: Sequence[str]) -> list[Column]:
    """List the columns of the table of a playlist.

    Args:
        playlist: the playlist.
        moods: those that are shown; none shows the strongest of the first track.
    """
    rows = records(playlist.tracks.head(1))
    shown = moods or (strongest(rows[0], playlist.moods) if rows else [])
    return track_columns(playlist.tracks.columns, playlist.moods, ["rank", "title", "artist", *shown])


def print_clusters(screen: Screen, clusters: Sequence[MoodCluster]) -> None:
    """Print the playlists of clusters as one table, whose first column names the cluster.

    Args:
        screen: where it is printed.
        clusters: the clusters.
    """
    rows = [{"cluster": c.name} | row for c in clusters for row in records(c.playlist.tracks)]
    columns = playlist_columns(clusters[0].playlist, clusters[0].playlist.moods) if clusters else []
    screen.table([Column("cluster", "name"), *columns], rows)


def playlist_document(
    screen: Screen, recommender: Recommender, playlist: Playlist, moods: Sequence[str] = ()
) -> dict[str, Any]:
    """What ``--json`` prints of a playlist.

    Args:
        screen: knows which columns are chosen.
        recommender: whose moods are set apart from other columns.
        playlist: the playlist.
        moods: the moods that its table shows.
    """
    columns = playlist_columns(playlist, moods)
    rows = records(playlist.tracks)
    document = {
        "title": playlist.title,
        "count": len(playlist),
        "seconds": playlist.seconds,
        "tracks": track_documents(screen, rows, recommender.moods, columns),
        "notes": playlist.notes,
    }
    return document | ({"report": playlist.report} if playlist.report else {})
