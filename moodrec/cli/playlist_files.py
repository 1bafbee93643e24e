"""Writing tracks to a playlist file, for every command that does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import to_disk

if TYPE_CHECKING:
    import pandas as pd


def playlist_file(given: Any) -> Any:
    """Refuse a file whose suffix is not that of a playlist before any work is done for it: it may be music.

    Args:
        given: what an option was given: a path, several, or None.

    Raises:
        UsageError: it is not; the message lists the suffixes.
    """
    named = given if isinstance(given, list | tuple) else [given]
    if to_disk(given) and any(named):
        from moodrec.recommend.playlists.files import writer_of

        for one in named:
            writer_of(Path(one))
    return given


AbsoluteOption = Annotated[
    bool, typer.Option("--absolute", help="Absolute paths in the file; else relative to it.")
]
M3uOption = Annotated[
    Path | None,
    typer.Option(
        "--m3u", metavar="FILE", callback=playlist_file, help="Write a playlist too (.m3u8, .xspf or .jspf)."
    ),
]


def write_list(screen: Screen, tracks: pd.DataFrame, out: Path, title: str, absolute: bool) -> None:
    """Write tracks to a playlist file, say so, and warn of entries that lead to no file.

    Args:
        screen: where it is said.
        tracks: with ``path``, and ``title``, ``artist`` and ``duration`` where known.
        out: the file; its suffix is the format.
        title: of the playlist.
        absolute: whether paths are written whole, and not relative to the file.
    """
    from moodrec.recommend.playlists.files import write_playlist

    count = write_playlist(tracks, out, title, not absolute)
    screen.note(f"{words.plural(int(count), 'track')} in {out}")
    if warning := count.warning(out):
        screen.warn(warning)
